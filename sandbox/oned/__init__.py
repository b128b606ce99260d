"""An OpenNebula front end's API (`oned`) as a small server: XML-RPC, pools, lifecycle; what runs VMs is a driver."""
