#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# docs.sh - do the tables of the documentation say what the sources say?
cd "$(dirname "$0")/../.." || exit 1
exec make -s --no-print-directory -C Documentation check
