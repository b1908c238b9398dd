"""What schemathesis sends where the service takes a file: radiographs, and bytes that are none."""

import schemathesis
from hypothesis import strategies

import malformed

schemathesis.openapi.format("binary", strategies.one_of(
    strategies.sampled_from(list(malformed.WHOLE.values())), strategies.binary(max_size=500)))
