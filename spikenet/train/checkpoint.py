"""Saving a net, making it again, and putting saved weights into a net that was built in code."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_values
from spikenet.graph.held import held, hold_at_zero
from spikenet.layers.layer import Described
from spikenet.train.checkpoint_file import check_writable, read_checkpoint, write_checkpoint
from spikenet.train.checks import check_saved
from spikenet.train.remaking import made_again

Path = str | os.PathLike[str]


def save(path: Path, net: Described) -> None:
    """Writes the net's description and weights to `path`; a file that is there is replaced only when all is written.

    Weights that pruning holds at 0 are marked, and held again by whoever reads them. Flows, autoencoders and the other
    models of sn.models that are no layers are saved and loaded like them.

    Raises ValueError when the folder cannot be written, or a weight is not finite.
    """
    check_saved("save", net)
    write_checkpoint(check_writable(path), {"network": describe(net)}, arrays_of(net))


def load(path: Path) -> Any:
    """The net saved at `path`, by `save` or by `fit(checkpoint=...)`, made again from built-in layers.

    Raises ValueError naming the file when it is missing, damaged or holds a layer or function that is not built in:
    then build the net in code and use `restore`.
    """
    header, arrays = read_checkpoint(path)
    described = network_in(path, header)
    try:
        net = made_again(described)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{os.fspath(path)}: cannot make its net: {error}") from error
    weights = fitting(path, "weights", arrays, values(net), same_dtype=False)
    masks = held_masks(path, arrays, net)
    for name, p in net.parameters().items():
        p.data = weights[name]
    hold(net, masks)
    return net


def restore(path: Path, net: Described) -> None:
    """Copies the weights saved at `path` into `net`, in place; what was held at 0 then is so in `net`, too.

    What `net` itself holds at 0 it goes on holding: its next training step puts it back to 0. Fresh nets hold nothing.

    Raises ValueError when the file is missing or damaged, or the net differs from the saved one; the net is
    unchanged then.
    """
    check_saved("restore", net)
    header, arrays = read_checkpoint(path)
    check_same_net(path, network_in(path, header), net)
    weights, masks = fitting(path, "weights", arrays, values(net)), held_masks(path, arrays, net)
    for name, p in net.parameters().items():
        p.data[...] = weights[name]
    hold(net, masks)


def describe(layer: Described) -> dict[str, Any]:
    """A net as JSON: kind and arguments of every layer, nested as the layers are."""
    inner: tuple[Described, ...] = () if getattr(layer, "makes_layers", False) else getattr(layer, "layers", ())
    described = {"kind": layer.kind, "config": layer.config(), "layers": [describe(one) for one in inner]}
    plain: dict[str, Any] = json.loads(json.dumps(described))  # tuples become lists, as after reading
    return plain


def network_in(path: Path, header: Mapping[str, Any]) -> dict[str, Any]:
    """The description of the net in a file; ValueError when it holds only what a chip runs."""
    if "network" not in header:
        raise ValueError(f"{os.fspath(path)}: expected a net, got a program without its net; hw.load_program reads it")
    described: dict[str, Any] = header["network"]
    return described


def check_same_net(path: Path, saved: dict[str, Any], net: Described) -> None:
    """ValueError naming the first layer in which the net differs from the description `saved`."""
    if (difference := _difference(saved, describe(net), "net")) is not None:
        raise ValueError(f"{os.fspath(path)}: the net differs from the saved one: {difference}")


def values(net: Described) -> dict[str, Array]:
    """The arrays of all parameters."""
    return {name: p.data for name, p in net.parameters().items()}


def arrays_of(net: Described) -> dict[str, Array]:
    """All of a net that a checkpoint stores: its weights, and in bits where they are held at 0, if any are."""
    masks = {name: held(p) for name, p in net.parameters().items() if p.bounds is not None}
    packed = {name: np.packbits(mask) for name, mask in masks.items() if mask.any()}
    return named("weights", values(net)) | named("held", packed)


def held_masks(path: Path, arrays: Mapping[str, Array], net: Described) -> dict[str, Array]:
    """Where weights are held at 0, by name, as stored by `arrays_of`; ValueError when that does not fit the net."""
    params = net.parameters()
    packed = {name.removeprefix("held/"): bits for name, bits in arrays.items() if name.startswith("held/")}
    wanted = {name: np.packbits(np.zeros(params[name].size, bool)) for name in packed if name in params}
    bits = fitting(path, "held", arrays, wanted)
    return {name: np.unpackbits(bits[name], count=params[name].size).astype(bool) for name in bits}


def hold(net: Described, masks: Mapping[str, Array]) -> None:
    """Holds the weights at 0 that the masks name."""
    params = net.parameters()
    for name, mask in masks.items():
        hold_at_zero(params[name], mask.reshape(params[name].shape))


def named(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays under names that begin with `prefix/`."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def fitting(
    path: Path, prefix: str, arrays: Mapping[str, Array], wanted: Mapping[str, Array], same_dtype: bool = True
) -> dict[str, Array]:
    """The arrays named `prefix/...`, in the names and shapes of `wanted`; ValueError at the first that does not fit."""
    found = {name.removeprefix(f"{prefix}/"): a for name, a in arrays.items() if name.startswith(f"{prefix}/")}
    for name in sorted(found.keys() | wanted.keys()):
        expected, got = (_seen(group.get(name), same_dtype) for group in (wanted, found))
        if expected != got:
            raise ValueError(f"{os.fspath(path)}: expected {prefix} {name!r} as {expected}, got {got}")
        finite_values(f"{os.fspath(path)}: {prefix} {name!r}", found[name])
    return found


def _seen(array: Array | None, with_dtype: bool) -> str:
    return "nothing" if array is None else f"{array.shape} {array.dtype}" if with_dtype else f"{array.shape}"


def _difference(saved: dict[str, Any], ours: dict[str, Any], place: str) -> str | None:
    if saved["kind"] != ours["kind"] or saved["config"] != ours["config"]:
        return f"{place} was {saved['kind']}({saved['config']}), is {ours['kind']}({ours['config']})"
    if len(saved["layers"]) != len(ours["layers"]):
        return f"{place} had {len(saved['layers'])} layers, has {len(ours['layers'])}"
    pairs = enumerate(zip(saved["layers"], ours["layers"], strict=True))
    return next((d for k, (a, b) in pairs if (d := _difference(a, b, f"layer {k} of {place}")) is not None), None)
