"""How a window slides over maps: the geometry that convolution and pooling share."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """A window on (height, width) maps; every field is (along the height, along the width).

    size    : of a map
    kernel  : places of the window
    stride  : how far the window moves from one output to the next
    padding : rows and columns of border added on each side
    dilation: distance of neighbouring places of the window
    """

    size: Pair
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    def out(self) -> Pair:
        """How many places the window takes; not positive when it does not fit into the map."""
        return self._out(0), self._out(1)

    def _out(self, axis: int) -> int:
        reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1
        return (self.size[axis] + 2 * self.padding[axis] - reach) // self.stride[axis] + 1

    @property
    def n_in(self) -> int:
        """Pixels of a map."""
        return self.size[0] * self.size[1]

    @property
    def n_out(self) -> int:
        """Pixels of an output map."""
        return self.out[0] * self.out[1]

    @property
    def n_taps(self) -> int:
        """Places of the window."""
        return self.kernel[0] * self.kernel[1]

    @property
    def numbers(self) -> tuple[int, ...]:
        """(height, width, kernel 2, stride 2, padding 2, dilation 2, out 2), as compiled loops take them."""
        return (*self.size, *self.kernel, *self.stride, *self.padding, *self.dilation, *self.out)
