"""Pure rules: values in, values out; no files, no network, no clock."""
