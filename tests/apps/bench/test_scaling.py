import numpy as np
import pytest

from lava_apps.apps.bench import scaling
from lava_apps.apps.bench.figures import draw_scaling


def test_every_neuron_has_as_many_synapses_of_8_bits():
    weights = scaling.draw(500, 20_000)
    assert weights.data.dtype == np.int8
    assert (np.diff(weights.indptr) == 40).all()
    assert weights.has_canonical_format
    assert weights.indices.max() < 500
    share = (weights.data == 2).mean()
    assert 0.75 < share < 0.85
    assert set(np.unique(weights.data)) == {-10, 2}


@pytest.mark.timeout(200)
def test_time_and_memory_are_measured_size_by_size(tmp_path):
    seen = []
    sizes = scaling.scale(largest=600_000, on_size=seen.append)
    assert [size.synapses for size in sizes] == [100_000, 498_000]
    assert seen == sizes
    for size in sizes:
        assert size.spikes_per_step > 0
        assert size.us_per_step > 0
        # 8 bits of weight, 16 of the place, and where columns begin.
        assert 3 < size.bytes_per_synapse < 3.5
        assert 2**26 < size.peak_bytes < 2**32
    assert sizes[1].summary()["ns_per_event"] == sizes[1].ns_per_event > 0
    path = draw_scaling(sizes, tmp_path / "scaling.png")
    assert path.stat().st_size > 10_000
