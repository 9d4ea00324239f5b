"""Published scanner test files other than pickles and archives, each with what it must give."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.core import Severity
from modelwarden.formats import Limits, Source

FOLDER = "data/corpora/modelaudit/samples"
FOUND = [
    *(
        f"jinja2/malicious/{name}.json"
        for name in (
            "attr_bypass combined_attack config_exploit cve_2024_34359_original direct_eval "
            "env_extraction file_access hex_bypass loop_discovery network_exfil request_exploit "
            "subprocess_injection"
        ).split()
    ),
    *(
        f"jinja2/obfuscated/{name}.json"
        for name in "base64_payload char_construction format_bypass getattr_bypass".split()
    ),
    *(
        f"jinja2/malicious_{name}.json"
        for name in "cve_2024_34359 env_vars file_read loop_exploit obfuscated".split()
    ),
    "jinja2/malicious_subprocess.template",
    "jinja2/standalone/malicious_standalone.jinja",
    "jinja2/tokenizer_config.json",
    "jinja2/yaml/malicious_config.yaml",
    # Named as an edge case: its second template runs a command.
    "jinja2/edge_cases/multiple_templates.json",
    "manifests/suspicious_config.json",
    "keras/malicious_lambda.h5",
    "tensorflow/malicious_pyfunc/saved_model.pb",
]
QUIET = [
    *(
        f"jinja2/benign/{name}.json"
        for name in (
            "chatml_format complex_legitimate conditional_system huggingface_llama simple_roles "
            "special_tokens"
        ).split()
    ),
    "jinja2/benign_conditional_format.json",
    "jinja2/benign_huggingface_chat.json",
    "jinja2/benign_simple_template.json",
    "jinja2/benign_template.j2",
    "jinja2/edge_cases/empty_template.json",
    "jinja2/edge_cases/malformed_template.json",
    "jinja2/edge_cases/no_template.json",
    "jinja2/edge_cases/oversized_template.json",
    "jinja2/standalone/benign_chat.j2",
    "jinja2/standalone/suspicious_benign.template",
    "jinja2/yaml/model_config.yaml",
    "manifests/safe_config.json",
    "keras/safe_model.h5",
    "tensorflow/safe_savedmodel/saved_model.pb",
]


def examined(shared: Path, name: str) -> Examined:
    with Source.open(shared / FOLDER / name, name) as source:
        return examine(source, Limits())


@pytest.mark.parametrize("name", FOUND)
def test_a_malicious_file_is_found(shared: Path, name: str):
    findings = examined(shared, name).findings

    assert min(f.severity.rank for f in findings) <= Severity.MEDIUM.rank


@pytest.mark.parametrize("name", QUIET)
def test_a_benign_file_is_quiet(shared: Path, name: str):
    findings = examined(shared, name).findings

    assert [f for f in findings if f.severity.rank <= Severity.MEDIUM.rank] == []


def test_a_chat_template_that_cannot_be_parsed_is_a_gap(shared: Path):
    gaps = examined(shared, "jinja2/edge_cases/malformed_template.json").gaps

    assert [g.what for g in gaps if "Jinja" in g.why] == [
        "jinja2/edge_cases/malformed_template.json!chat_template@0"
    ]
