from edge.interpreter import installed_runtimes
from edge.pack import SHIPPED
from tests.edge.cli.command import anyecg, called, last_object


def test_the_doctor_says_whether_this_machine_is_ready():
    done = anyecg("doctor", "--json")
    assert (done.returncode, last_object(done)["ready"]) == ((0, True) if SHIPPED.is_file() else (1, False))


def test_the_doctor_finds_every_runtime():
    findings = last_object(called("doctor", "--json"))["findings"]
    found = [finding["found"] for finding in findings if finding["what"] == "TFLite runtime"]
    assert found == [f"{name} {version}" for name, version in installed_runtimes().items()]


def test_what_is_missing_comes_with_what_to_do():
    findings = last_object(called("doctor", "--json"))["findings"]
    assert [f["what"] for f in findings if not f["ok"] and not f["advice"]] == []


def test_people_get_a_table():
    done = called("doctor")
    assert ("TFLite runtime" in done.stdout, done.stderr) == (True, "")
