#!/bin/bash
# Called as sudo: runs the command with the rights there are.
while [ "${1#-}" != "$1" ]; do shift; done
exec "$@"
