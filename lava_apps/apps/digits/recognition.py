"""What a trained network says of an image, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.digits.model import Model, votes
from lava_apps.apps.digits.pictures.sight import TILTS, Sight
from lava_apps.parameters import Array

PRETRAINED = Path(__file__).with_name("pretrained.npz")
"""The trained network that ships with the package (docs/digits.md)."""

SHOWN = 3


@dataclass(frozen=True)
class Answer:
    """What a network says of an image.

    Parameters
    ----------
    shares : (10,) numpy.ndarray of float
        Share of the votes for each digit; all 0 if no neuron spiked.
    spikes : int
        Spikes for all tilts.
    likeness : float
        Cosine of the angle between the image and the weights most like it, from 0 to 1.
    familiar : float
        Likeness that 99 in 100 training images exceed.
    notes : tuple of str
        What was noticed when the image was read.
    """

    shares: Array
    spikes: int
    likeness: float
    familiar: float
    notes: tuple[str, ...]

    @property
    def likeliest(self) -> list[int]:
        """The digits with most votes, the likeliest first; empty without any."""
        order = np.argsort(-self.shares, kind="stable")[:SHOWN]
        return [int(digit) for digit in order if self.shares[digit] > 0]

    @property
    def doubtful(self) -> bool:
        """Whether the image is unlike what the network learned."""
        return not self.likeliest or self.likeness < self.familiar

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know, the most important first."""
        if not self.likeliest:
            return ("no neuron spiked", *self.notes)
        if not self.doubtful:
            return self.notes
        unlike = (
            f"this is unlike any digit that was learned (likeness {self.likeness:.2f}, "
            f"where 99 in 100 digits have more than {self.familiar:.2f})"
        )
        return (unlike, *self.notes)

    def summary(self) -> dict[str, Any]:
        """Give what ``lava-apps stdp predict --json`` prints."""
        digits = self.likeliest
        return {
            "digit": digits[0] if digits else None,
            "likeliest": [
                {"digit": digit, "share": float(self.shares[digit])} for digit in digits
            ],
            "shares": {str(d): float(share) for d, share in enumerate(self.shares)},
            "spikes": self.spikes,
            "likeness": self.likeness,
            "doubtful": self.doubtful,
            "notes": list(self.warnings),
        }


def recognise(model: Model, sight: Sight) -> Answer:
    """Present an image at each tilt, and count the votes of all spikes.

    Parameters
    ----------
    model : Model
        A trained network.
    sight : Sight
        From :func:`~lava_apps.apps.digits.pictures.sight.look_at`.

    Returns
    -------
    Answer
        Votes, and how much to trust them.
    """
    images = sight.tilted.reshape(len(TILTS), -1)
    responses = model.respond(images)
    given = votes(responses, model.tuning).sum(axis=0)
    shares = given / max(float(given.sum()), 1e-300)
    likeness = float(model.likeness(images).max())
    spikes = int(responses.sum())
    return Answer(shares, spikes, likeness, model.familiar, sight.notes)
