"""The program as the tests call it."""
import json
import os
import subprocess

BIASCOPE = os.environ["BIASCOPE"]


def run(*arguments):
    return subprocess.run([BIASCOPE, *map(str, arguments)], capture_output=True, text=True)


def call(*arguments, code=0):
    """Its JSON."""
    result = run(*arguments, "--json")
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)
