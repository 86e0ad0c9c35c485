#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# libpfkey and setkey under ASan and UBSan: builds and runs the tests in the
# folder beside.
#
# timeout: 300

top=$(cd "$(dirname "$0")/../.." && pwd)
make -s --no-print-directory -C "$top/userspace" O="$top/build" unit || exit 1
exec "$top/build/userspace/unit/test_setkey"
