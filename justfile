# Every recipe is one line; `just` alone lists them. Without just: the cargo command behind it.

_default:
    @just --list --unsorted

# start a demo: a real Glances, our server on it, how to connect
quickstart *args:
    cargo xtask quickstart {{ args }}

# the fast loop: all tests by nextest (`just t NAME` runs some)
t *args:
    cargo t {{ args }}

# clippy, warnings are errors
lint:
    cargo lint

# format everything
fmt:
    cargo fmt --all

# accept or reject changed snapshots
review:
    cargo insta review

# print the reference of tools, configuration and metrics from the code
ref:
    cargo ref

# install what the tests need into the cache
setup:
    cargo xtask setup

# setup, then every test there is
test *args:
    cargo xtask test {{ args }}

# the gate that CI runs
ready:
    cargo xtask ready

# licences, bans and sources of dependencies
deny:
    cargo xtask deny

# line coverage, at least 90 %
coverage *args:
    cargo xtask coverage {{ args }}

# accuracy on the labelled data in a folder, and on scripted incidents
eval folder *args:
    cargo xtask eval {{ folder }} {{ args }}

# real MCP clients against a debug build
clients:
    cargo xtask clients

# the official MCP conformance suite against a debug build, or against a URL
conformance *url:
    cargo xtask conformance {{ url }}
