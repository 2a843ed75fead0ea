"""The edge of the console: what every adapter asks before, while and after it speaks to somebody outside.

`reach` holds the one rule about addresses (`addresses` reads them); `answers` tells a service from a proxy or firewall
that speaks in its place; `aws` makes every AWS client and `aws_errors` reads every AWS failure; `repeats` says what may
be asked again; `understood` turns what cannot be read into an error; `bounds` ends every answer, and `bounded_http`,
`bounded_pools` and `bounded_smtp` bring that to each library. It speaks no service itself.
"""
