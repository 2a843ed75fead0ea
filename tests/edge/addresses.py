"""Addresses of this computer and of its neighbours, in every spelling that a resolver takes; and real ones."""

PLAIN = ("localhost", "127.0.0.1", "[::1]")
"""The spellings that a rehearsal uses."""

DISGUISED = (
    "localhost.",
    "LOCALHOST",
    "console.localhost",
    "localhost.localdomain",
    "127.0.0.2",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0x7f.0x0.0x0.0x1",
    "0",
    "0.0.0.0",
    "127.0.0.1.",
    "１２７.0.0.1",
    "127。0。0。1",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0.0.0.0]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
)
NEIGHBOURS = (
    "169.254.169.254",
    "0xa9fea9fe",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[::ffff:169.254.169.254]",
    "224.0.0.1",
    "255.255.255.255",
)
THIS_MACHINE_BY_NAME = "intranet.example.com"
"""A name that the test's resolver leads to 127.0.0.1."""

NOT_LIVE = (*PLAIN, *DISGUISED, *NEIGHBOURS, THIS_MACHINE_BY_NAME)
WITH_USER = (
    "https://real.example.com@127.0.0.1/",
    "https://user:secret@email.eu-west-1.amazonaws.com",
    "https://@d1.example.com",
)
"""Full addresses that show one host and lead to another, or carry a password."""

NOT_PRACTICE = (
    *(host for host in DISGUISED if host != "LOCALHOST"),
    *NEIGHBOURS,
    "192.168.1.7",
    "graph.microsoft.com",
    "d1.example.com",
    THIS_MACHINE_BY_NAME,
)
