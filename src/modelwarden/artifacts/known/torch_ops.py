"""What the nodes of a program of `torch.export` may call."""

from __future__ import annotations

from modelwarden.artifacts.known.names import words

# Libraries of operators that come with torch, or with a package of it.
_LIBRARIES = words(
    "aten prim prims quantized quantized_decomposed _c10d_functional c10d_functional c10d inductor "
    "sparse nested_tensor torchvision torchaudio torchao _quantized mkldnn xnnpack mkl onednn "
    "profiler dim_order_ops executorch_prim profiler_util rngprims debugprims static_runtime "
    "symm_mem fbgemm _c10d_functional_autograd torch_attn"
)
# Backends of ExecuTorch whose programs are graphs that only compute.
BACKENDS = words("XnnpackBackend VulkanBackend")
_FILES = words("aten.save aten.load aten.from_file aten.from_file.default aten.from_file.out")
# Operators that take graphs; those that take a kernel or an object are left out.
_HIGHER = words(
    "cond while_loop map map_impl scan associative_scan flex_attention flex_attention_backward "
    "wrap wrap_with_set_grad_enabled wrap_with_autocast wrap_activation_checkpoint "
    "auto_functionalized auto_functionalized_v2 out_dtype with_effects invoke_subgraph "
    "strict_mode hints_wrapper run_const_graph while_loop_stack_output wrap_body0 print"
)
_MATH = words(
    "add sub mul truediv floordiv mod pow neg pos and_ or_ not_ xor lshift rshift invert eq ne lt "
    "le gt ge getitem abs index contains matmul is_ is_not truth concat iadd isub imul"
)
_SYMBOLIC = words(
    "sym_float sym_int sym_ite sym_max sym_min sym_not sym_sqrt sym_sum sym_fresh_size "
    "_check _check_is_size _constrain_as_size _sym_sqrt"
)


def is_foreign(name: str) -> bool | None:
    """Tell whether a library outside of torch brings it; None when Python looks the name up."""
    if name.startswith("torch.ops."):
        library, _, rest = name.removeprefix("torch.ops.").partition(".")
        if library == "higher_order":
            return rest.partition(".")[0] not in _HIGHER
        return library not in _LIBRARIES
    top, _, rest = name.partition(".")
    if top == "_operator":
        return False if rest in _MATH else None
    if top == "math":
        return False if rest.isidentifier() and not rest.startswith("_") else None
    if name.startswith("torch._sym") or name.removeprefix("torch.") in _SYMBOLIC:
        return False
    return None


def is_file(name: str) -> bool:
    """Tell whether it is an operator that opens a file."""
    return name.removeprefix("torch.ops.").removesuffix(".default") in _FILES
