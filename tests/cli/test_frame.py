"""The command line's frame: help, version, unknown commands."""
import os
import subprocess

BIASCOPE = os.environ["BIASCOPE"]


def run(*arguments):
    return subprocess.run([BIASCOPE, *arguments], capture_output=True, text=True)


def test_help_lists_the_commands_on_stdout():
    result = run("--help")
    assert result.returncode == 0 and "info" in result.stdout and result.stderr == ""


def test_an_unknown_command_is_a_usage_error_that_names_it():
    result = run("frobnicate")
    assert result.returncode == 1 and "frobnicate" in result.stderr and result.stdout == ""
