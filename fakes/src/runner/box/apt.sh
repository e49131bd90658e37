#!/bin/bash
# Called as apt-get or apt: the script believes it is alone in a container, but this machine is somebody's.
echo "${BASH_SOURCE[0]##*/} is not run in the lab: install what the script needs on this machine" >&2
