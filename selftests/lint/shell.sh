#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# shell.sh - shellcheck over every script of ours.
. "$(dirname "$0")/common.sh"

command -v shellcheck >/dev/null || { echo "shellcheck is not installed" >&2; exit 4; }
mapfile -t files < <(shell_files)
# SC1090, SC1091: sourced files are checked by themselves.
shellcheck -f gcc -e SC1090,SC1091 -S warning "${files[@]}"
