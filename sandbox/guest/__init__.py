"""What runs inside the sandbox's VMs. Python 3.13 and its standard library alone: see Dockerfile."""
