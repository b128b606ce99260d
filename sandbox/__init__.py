"""One laptop as an OpenNebula cloud: the front end's API, VMs as containers, networks, packet filters, a bastion."""
