"""The racing port and its adapters."""

import pytest

pytest.register_assert_rewrite("tests.racing.contract")
