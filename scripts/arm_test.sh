#!/usr/bin/env bash
# Compiles the vector kernels and codes for 64-bit ARM and runs their tests under emulation, on
# processors with and without the instructions for products of bytes. For machines that are no ARM.
#
# Needs, besides scripts/packages.txt: libstdc++-12-dev-arm64-cross qemu-user
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$MOAT_ROOT"
need clang++-19 qemu-aarch64

sysroot=/usr/aarch64-linux-gnu
gtest=/usr/src/googletest/googletest
if [ ! -d "$sysroot/include/c++/12" ]; then die "install libstdc++-12-dev-arm64-cross"; fi
build=build/arm
mkdir -p "$build/include"
# The only headers of this machine that count for the other one too.
ln -sfn /usr/include/fmt "$build/include/fmt"

flags=(--target=aarch64-linux-gnu -std=c++23 -O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
    -isystem "$sysroot/include/c++/12" -isystem "$sysroot/include/c++/12/aarch64-linux-gnu"
    -isystem "$build/include" -isystem "$gtest/include" -DFMT_HEADER_ONLY -Isrc)
sources=(src/base/check.cc src/index/rotation.cc src/index/row_array.cc src/index/row_set.cc
    src/index/vector_codes.cc src/index/vector_estimates.cc src/index/vector_kernels.cc src/index/vector_kernels_arm.cc
    src/index/vector_kernels_x86.cc src/index/vector_kernels_test.cc src/index/vector_codes_test.cc)

objects=()
for source in "${sources[@]}"; do
    object=$build/$(basename "$source" .cc).o
    clang++-19 "${flags[@]}" -c "$source" -o "$object"
    objects+=("$object")
done
for source in gtest-all gtest_main; do
    clang++-19 --target=aarch64-linux-gnu -std=c++17 -O1 -w -isystem "$sysroot/include/c++/12" \
        -isystem "$sysroot/include/c++/12/aarch64-linux-gnu" -I"$gtest" -I"$gtest/include" \
        -c "$gtest/src/$source.cc" -o "$build/$source.o"
    objects+=("$build/$source.o")
done
clang++-19 --target=aarch64-linux-gnu -fuse-ld=lld-19 -L"$sysroot/lib" -L/usr/lib/gcc-cross/aarch64-linux-gnu/12 \
    "${objects[@]}" -static -lpthread -o "$build/kernels_test"
for processor in max cortex-a53; do
    qemu-aarch64 -cpu "$processor" "$build/kernels_test" --gtest_brief=1
    say "64-bit ARM, as $processor: the kernels agree"
done
