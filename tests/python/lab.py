"""What the lab hands to a client's script, and how the script answers: one line of JSON on stdout."""

import json
import os

BASE_URL = os.environ["GITHUB_API_URL"]
APP_ID = os.environ["GH_APP_ID"]
PRIVATE_KEY = os.environ["GH_APP_PRIVATE_KEY"]
OWNER, REPO = os.environ["REPOSITORY"].split("/")
LABEL = "hf-jobs-cpu-basic"


def report(seen):
    print(json.dumps(seen))
