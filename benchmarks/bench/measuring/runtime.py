"""The runtime's own interpreter, where `edge.interpreter` hides what a benchmark wants to see."""

from typing import Any

from edge.interpreter import hushed, installed_runtimes


def import_runtime() -> Any:
    """Import the module of the runtime that packs run on here, and give it."""
    if next(iter(installed_runtimes()), None) == "tflite-runtime":
        from tflite_runtime import interpreter  # noqa: PLC0415

        return interpreter
    from ai_edge_litert import interpreter as litert  # noqa: PLC0415

    return litert


def raw_interpreter(model: bytes, *, n_threads: int = 1, delegate: bool = True) -> Any:
    """Open a model with the runtime's own interpreter, tensors allocated.

    Parameters
    ----------
    model
        A TFLite flatbuffer.
    n_threads
        Of a kernel.
    delegate
        Let XNNPACK take what it can. Without it the runtime tells every tensor of the model.
    """
    module = import_runtime()
    settings: dict[str, Any] = {}
    if not delegate:
        settings["experimental_op_resolver_type"] = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with hushed():
        raw = module.Interpreter(model_content=model, num_threads=n_threads, **settings)
        raw.allocate_tensors()
    return raw
