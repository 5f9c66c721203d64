"""Video rooms from Python: the Videsk VPaaS Rooms API."""
