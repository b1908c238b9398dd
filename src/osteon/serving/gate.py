"""All that stands between the network and the model, from the outside in."""

from typing import Any

from osteon.serving.addresses import Addresses
from osteon.serving.errors import OneErrorShape
from osteon.serving.form import Form
from osteon.serving.headers import SecurityHeaders
from osteon.serving.keys import ApiKeys, Keys
from osteon.serving.settings import Settings
from osteon.serving.telemetry import PATH as METRICS
from osteon.serving.telemetry import PROBES, Exposition, Telemetry
from osteon.serving.traffic import Traffic
from osteon.serving.uploads import Uploads

_MB = 2**20
_COUNTED = PROBES | {"/", "/card", "/docs", METRICS, "/v1/predict", "/v1/study", "/v1/explain",
                     "/v1/card", "/v1/feedback"}


def forms(settings: Settings) -> dict[str, Form]:
    """Say what may be sent where; any other path below `/v1/` takes JSON alone."""
    one, several = settings.max_body_mb * _MB, settings.max_study_mb * _MB
    return {
        "/v1/predict": Form("image", 1, frozenset({"body_part"}), one),
        "/v1/explain": Form("image", 1, frozenset({"body_part", "label", "layer"}), one),
        "/v1/study": Form("images", settings.max_views, frozenset({"body_part"}), several)}


def middlewares(settings: Settings) -> list[tuple[type, dict[str, Any]]]:
    """Give each middleware with its options, the outermost first, as they are to be added.

    Raises:
        UserError: the keys cannot be read, or are none.
    """
    guarded = ("/v1/", METRICS) if settings.guard_metrics else ("/v1/",)
    keys = Keys(settings.api_keys, settings.api_keys_file)
    return [
        (SecurityHeaders, {}),
        (Telemetry, {"paths": _COUNTED}),  # outside of what refuses, to count that too
        (OneErrorShape, {}),
        (ApiKeys, {"keys": keys, "guarded": guarded}),
        (Addresses, {}),
        (Exposition, {}),
        (Traffic, {"most": settings.concurrency, "seconds": settings.timeout_s}),
        (Uploads, {"forms": forms(settings)})]
