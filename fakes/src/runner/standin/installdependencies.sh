#!/bin/bash
# The stand-in needs nothing but bash, curl and the usual small programs.
echo "Finish Install Dependencies"
