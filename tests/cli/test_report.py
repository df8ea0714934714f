"""Studies from outside: report and plot."""
import json
import re
import shutil
import subprocess

import pytest

from study_cases import BAD_INPUT, GOOD, USAGE, database_of, run, write

HOSTILE = """
name = "</title><script>alert('name')</script>"
# </pre><script>alert("comment")</script> </script>
steps = 100
optimizer = ["adam", "gd"]
batch_size = [1, 2]
beta1 = [0, 0.9]
lr = [0.01, 0.1]
[[data]]
name = "<script>alert('data')</script><img src=x onerror=alert(1)>"
generate = "gaussian"
samples = 4
features = 6
[[data]]
name = "plain"
generate = "gaussian"
samples = 5
features = 6
"""


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    run("sweep", write(folder, HOSTILE), "--store", folder / "runs.db", "--quiet")
    run("report", folder / "runs.db", "--out", folder / "report.html")
    return folder / "report.html"


def test_a_report_needs_no_other_file_and_no_text_becomes_markup(hostile_report):
    page = hostile_report.read_text()
    assert "alert(" not in page.replace("&lt;script&gt;alert(", "").replace("\\u003cscript\\u003ealert(", "").replace(
        "onerror=alert(1)\\u003e", "").replace("onerror=alert(1)&gt;", "")
    assert page.count("<script") == page.count("</script>") == 5
    for loading in ("<link rel=\"stylesheet", "src=\"http", "href=\"http", "import(", "fetch(\""):
        assert loading not in page.split("<script>")[0]
    data = page.split('<script id="report-data" type="application/json">')[1].split("</script>")[0]
    assert len(json.loads(data)["rows"]) == 2 * 2 * (4 + 4)


CHROMIUM = shutil.which("chromium")


def open_page(path, fragment=""):
    result = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                             "--virtual-time-budget=20000", "--window-size=1200,2000", "--dump-dom", f"file://{path}{fragment}"],
                            capture_output=True, text=True, timeout=120)
    console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    assert console == [], "the page complains"
    assert 'data-ready="true"' in result.stdout
    return re.sub("<script.*?</script>", "", result.stdout, flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed")
def test_a_report_draws_itself_in_a_browser_and_filters(hostile_report):
    page = open_page(hostile_report)
    assert page.count("<svg") >= 3 and "32 of 32 runs shown" in page
    assert "<img" not in page and "<script" not in page
    assert page.count("<tr") == 1 + 32
    filtered = open_page(hostile_report, "#optimizer=gd&data=plain")
    assert "8 of 32 runs shown" in filtered and filtered.count("<tr") == 1 + 8
    assert open_page(hostile_report, "#find=plain").count("<tr") == 1 + 16
    for view in ("#across=lr", "#across=lr&colour=none", "#measure=ratio_linf&across=beta1&down=lr", "#sort=-cosine_l2"):
        assert "32 of 32 runs shown" in open_page(hostile_report, view)


# What a reader does to the page, appended to it; each act waits until the page has drawn itself.
HAND = """<script>addEventListener("load", async () => {
  const labelled = (text) => [...document.querySelectorAll("label")].find((l) => l.firstChild.textContent.trim() === text);
  const drawn = () => new Promise((done) => setTimeout(done, 500));
  const choose = async (text, value) => {
    const control = labelled(text).querySelector("select, input");
    control.value = value;
    for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
    await drawn();
  };
  const press = async (text) => { [...document.querySelectorAll("button")].find((b) => b.textContent === text).click(); await drawn(); };
  await drawn();
  %s
});</script>"""


def use_page(report, acts):
    page = report.with_name("used.html")
    body, end = report.read_text().rsplit("</body>", 1)
    page.write_text(body + HAND % acts + "</body>" + end)
    return open_page(page)


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed")
def test_a_reader_filters_sorts_and_opens_a_run(hostile_report):
    filtered = use_page(hostile_report, 'await choose("optimizer", "gd"); await choose("batch size", "2");')
    assert "8 of 32 runs shown" in filtered and filtered.count("<tr") == 1 + 8
    assert "32 of 32 runs shown" in use_page(hostile_report, 'await choose("optimizer", "gd"); await press("Show all runs");')
    assert use_page(hostile_report, 'await choose("Find", "plain");').count("<tr") == 1 + 16
    table = use_page(hostile_report, 'await press("seconds");').split("<tbody>")[1].split("</tbody>")[0]
    seconds = [float(re.findall(">([^<]*)</td>", line)[-1]) for line in table.split("</tr>")[:-1]]
    assert seconds == sorted(seconds) and len(seconds) == 32
    opened = use_page(hostile_report, 'document.querySelector("tbody tr").click(); await drawn();')
    assert "<dialog id=\"run\" aria-label=\"One run\" open" in opened and "biascope generate gaussian --samples 4 --features 6 --seed 0 --out data.npy\nbiascope train data.npy --optimizer" in opened
    measured = use_page(hostile_report, 'await choose("Measure", "ratio_linf"); await choose("Across", "lr");')
    assert "margin ratio, ℓ∞" in measured.split('id="ends"')[1].split("</figure>")[0]


@pytest.mark.parametrize("ending, magic", [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_plots_are_what_their_ending_says(finished, tmp_path, ending, magic):
    out = tmp_path / f"plot.{ending}"
    run("plot", finished, "--x", "batch_size", "--y", "cosine_l2", "--by", "optimizer", "--out", out)
    assert out.read_bytes().startswith(magic)
    run("plot", finished, "--x", "step", "--y", "ratio_linf", "--by", "beta1", "--where", "lr = 0.1", "--title", "It's `x`",
        "--out", out)
    assert out.read_bytes().startswith(magic)
    assert "no run" in run("plot", finished, "--x", "lr", "--y", "cosine_l2", "--where", "lr > 5", "--out", out, code=BAD_INPUT).stderr


def test_a_title_is_written_as_it_is(finished, tmp_path):
    title = r"a } b_c^d\e {f @g ~h it's"
    out = tmp_path / "plot.svg"
    drawn = run("plot", finished, "--x", "batch_size", "--y", "cosine_l2", "--title", title, "--out", out)
    assert title in out.read_text() and "enhanced" not in drawn.stderr


def test_a_predicted_mean_is_drawn_only_where_every_run_has_one(tmp_path):
    spec = write(tmp_path, GOOD.replace("steps = 10", "steps = 10\nseed = [0, 1]"))
    run("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")
    flags = (tmp_path / "runs.db", "--x", "batch_size", "--y", "cosine_linf", "--out", tmp_path / "p.svg")
    run("plot", *flags)
    assert "predicted" in (tmp_path / "p.svg").read_text()
    with database_of(tmp_path / "runs.db") as database:
        database.execute("UPDATE runs SET result = json_remove(result, '$.limit') WHERE seed = 1")
    run("plot", *flags)
    assert "predicted" not in (tmp_path / "p.svg").read_text()


def test_a_heat_map_has_a_cell_for_each_pair(finished, tmp_path):
    out = tmp_path / "map.svg"
    flags = ("--x", "batch_size", "--y", "lr", "--z", "cosine_linf", "--out", out)
    run("plot", finished, *flags, "--where", "optimizer = 'adam'")
    assert "batch size" in out.read_text() and "max-margin" in out.read_text()
    assert "no run" in run("plot", finished, *flags, "--where", "lr > 5", code=BAD_INPUT).stderr
    for wrong in (("--by", "beta1"), ("--x", "step"), ("--z", "colour"), ("--z", "step")):
        run("plot", finished, *flags, *wrong, code=USAGE)


def test_a_plot_of_what_there_is_not_is_refused(finished, tmp_path):
    for flags in (("--x", "colour", "--y", "cosine_l2", "--out", "a.svg"), ("--x", "lr", "--y", "cosine_l2", "--out", "a.gif")):
        run("plot", finished, *flags, code=USAGE)
