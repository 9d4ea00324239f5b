"""Models written as XML, built for tests."""

from __future__ import annotations

START = '<?xml version="1.0" encoding="UTF-8"?>\n'

# --- PMML -----------------------------------------------------------------------------------------

_PARTS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
LAUGHS = f'<!DOCTYPE PMML [<!ENTITY l0 "ha">{_PARTS}]>'
INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
TREE = (
    '<TreeModel functionName="classification"><MiningSchema><MiningField name="x"/>'
    '<MiningField name="y" usageType="target"/></MiningSchema>'
    '<Node score="a"><SimplePredicate field="x" operator="lessThan" value="1"/></Node></TreeModel>'
)


def pmml(
    model: str = TREE,
    *,
    before: str = "",
    extra: str = "",
    fields: int = 2,
    start: str = START,
    application: str = '<Application name="KNIME" version="2.8.0"/>',
) -> str:
    return (
        f'{start}{before}<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">'
        f'<Header copyright="us">{application}{extra}</Header>'
        f'<DataDictionary numberOfFields="{fields}">'
        '<DataField name="x" optype="continuous" dataType="double"/>'
        '<DataField name="y" optype="categorical" dataType="string"/></DataDictionary>'
        f"{model}</PMML>\n"
    )


def derived(function: str, defined: str = "", field: str = "x") -> str:
    define = f'<DefineFunction name="{defined}" optype="continuous"/>' if defined else ""
    return (
        f'<TransformationDictionary>{define}<DerivedField name="z" optype="continuous">'
        f'<Apply function="{function}"><FieldRef field="{field}"/></Apply>'
        f"</DerivedField></TransformationDictionary>{TREE}"
    )


# --- OpenVINO -------------------------------------------------------------------------------------


def layer(
    number: int | str,
    kind: str = "Relu",
    version: str = "opset1",
    data: str = "",
    ports: tuple[int, ...] = (0, 1),
) -> str:
    made = "".join(f'<port id="{port}"><dim>1</dim></port>' for port in ports)
    said = f' version="{version}"' if version else ""
    named = f'<layer id="{number}" name="n{number}" type="{kind}"{said}>'
    return f"{named}{data}<input>{made}</input></layer>"


def constant(
    number: int = 0, offset: object = 0, size: object = 24, shape: str = "2, 3", kind: str = "f32"
) -> str:
    data = f'<data element_type="{kind}" shape="{shape}" offset="{offset}" size="{size}"/>'
    return layer(number, "Const", data=data)


def edge(from_: object = 0, out: object = 0, to: object = 1, into: object = 1) -> str:
    return f'<edge from-layer="{from_}" from-port="{out}" to-layer="{to}" to-port="{into}"/>'


def openvino(
    *layers: str, edges: str | None = None, version: str = "11", info: str = "", start: str = START
) -> str:
    made = "".join(layers) if layers else constant() + layer(1)
    joined = (edge() if not layers else "") if edges is None else edges
    return (
        f'{start}<net name="net" version="{version}"><layers>{made}</layers>'
        f"<edges>{joined}</edges><rt_info>"
        f'<Runtime_version value="2026.4.1-1-abc"/>{info}</rt_info></net>\n'
    )


def loop(inner: str, edges: str = "") -> str:
    body = f"<body><layers>{inner}</layers><edges>{edges}</edges></body>"
    return f'<layer id="1" name="l" type="Loop" version="opset5">{body}</layer>'


# --- OpenCV ---------------------------------------------------------------------------------------


def storage(*parts: str) -> str:
    return f'<?xml version="1.0"?>\n<opencv_storage>\n{"".join(parts)}</opencv_storage>\n'


def matrix(
    rows: object = 2, columns: object = 3, kind: str = "d", data: str = "1. 2. 3.\n 4. 5. 6."
) -> str:
    return (
        f'<a type_id="opencv-matrix"><rows>{rows}</rows><cols>{columns}</cols><dt>{kind}</dt>'
        f"<data>\n    {data}</data></a>\n"
    )


def cascade(
    nodes: str = "0 -1 0 1 2 3 4 5 6 7 8",
    leaves: str = "0.5 -0.5",
    *,
    kind: str = "LBP",
    rect: str = "<rect>0 0 2 2</rect>",
) -> str:
    return (
        f"<cascade type_id='opencv-cascade-classifier'><stageType>BOOST</stageType>"
        f"<featureType>{kind}</featureType><height>24</height><width>24</width>"
        f"<stages><_><maxWeakCount>1</maxWeakCount><stageThreshold>-0.5</stageThreshold>"
        f"<weakClassifiers><_><internalNodes>\n{nodes}</internalNodes>"
        f"<leafValues>\n{leaves}</leafValues></_></weakClassifiers></_></stages>"
        f"<features><_>{rect}</_></features></cascade>\n"
    )


HAAR = {
    "kind": "HAAR",
    "nodes": "1 -1 0 0.5 0 -2 0 0.25",
    "leaves": "0.5 -0.5 0.25",
    "rect": "<rects><_>0 0 12 12 -1.</_><_>4 4 4 4 2.</_></rects><tilted>0</tilted>",
}
