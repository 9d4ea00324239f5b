"""`notebook-foreign-extension`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.notebook import Notebook

# The first word of modules that IPython brings, and of packages known for their magics.
_KNOWN = frozenset(
    "autoreload storemagic sympyprinting cythonmagic octavemagic rmagic IPython ipykernel cython "
    "Cython rpy2 oct2py tensorboard google dotenv cudf cuml line_profiler memory_profiler "
    "pyinstrument scalene snakeviz viztracer sql duckdb bigquery watermark version_information "
    "nb_black jupyter_black lab_black jupyter_ai jupyter_ai_magics black ruff pycodestyle_magic "
    "pycodestyle flake8 isort nb_mypy mypy ipytest pytest jupyterlab_code_formatter wandb mlflow "
    "sparkmagic pyspark databricks dask distributed ray vaex polars altair vega jupyter_dash dash "
    "bokeh holoviews panel hvplot geoviews geopandas folium leafmap itkwidgets manim "
    "jupyter_manim ipympl matplotlib plotly mermaid nb_js_diagrammers drawio kedro dvc papermill "
    "nbdev fastai fastcore blackcellmagic ipyparallel ipython_sql tikzmagic itikz nvcc_plugin "
    "nvcc4jupyter numba heat_profiler cprofiler_magic prun timeit ipython_genutils sage sos "
    "snowflake snowpark prophet pandas_profiling ydata_profiling lux jupyter_cache cirq qiskit "
    "pennylane pyflow gurobipy pyomo ipyvolume ttmagic dynamicmagics jaxtyping julia "
    "sagemaker_studio_dataengineering_sessions sagemaker aws_glue_interactive_sessions_kernel "
    "graph_notebook ploomber ploomber_engine jupysql superduperdb tabnine jupyter_tabnine "
    "ipyvizzu hide_code nbtutor slicer tutormagic metakernel codecarbon".split()
)


@rule(
    "notebook-foreign-extension",
    title="A notebook loads an extension that nobody knows into its kernel",
    severity=Severity.MEDIUM,
    reads=Notebook,
    confidence=Confidence.LOW,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def notebook_foreign_extension(one: Notebook) -> Iterator[Hit]:
    """Flag `%load_ext` with a module that is none of IPython's own or of the packages for it.

    Why: loading an extension imports the module, often a file beside the notebook, and hands it
    the whole kernel.

    Fix: read that module; import it by name where it is only a library.

    Blind spot: packages with magics are many, and the list is short: an honest one may be new. A
    file beside the notebook that has the name of a known one is not told from it.
    """
    for name in one.extensions:
        if name.partition(".")[0] not in _KNOWN and name.isprintable() and name[:1] not in "$({":
            yield Hit(f"loads the extension {name[:100]!r}", Evidence(facts={"module": name}))
