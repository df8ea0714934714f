"""`explore`: the page of the explorer, as it is committed."""
import json
import os
import pathlib
import subprocess

BIASCOPE = os.environ["BIASCOPE"]
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/explorer.html"
USAGE, BAD_INPUT = 1, 2


def run(*arguments):
    return subprocess.run([BIASCOPE, "explore", *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_the_page_is_written_whole_and_needs_no_other_file(tmp_path):
    out = tmp_path / "page.html"
    result = run("--out", out, "--json")
    assert result.returncode == 0 and json.loads(result.stdout) == {"out": str(out)}
    page = out.read_bytes()
    assert page == PAGE.read_bytes() and len(page) <= 1.5e6 and page.rstrip().endswith(b"</html>")
    for loading in (b'src="http', b'href="http', b"@import", b"fetch("):
        assert loading not in page


def test_a_place_that_cannot_be_written_is_bad_input(tmp_path):
    result = run("--out", tmp_path / "absent" / "page.html")
    assert result.returncode == BAD_INPUT and "page.html" in result.stderr and result.stdout == ""


def test_what_is_missing_or_too_much_is_a_usage_error(tmp_path):
    assert run().returncode == USAGE and "--out is missing" in run().stderr
    result = run("data.csv", "--out", tmp_path / "page.html")
    assert result.returncode == USAGE and "unexpected argument 'data.csv'" in result.stderr
    assert list(tmp_path.iterdir()) == []
