#!/usr/bin/env bash
# The pinned llama.cpp, built once into the cache.
#
#   scripts/llama.sh [build]   builds the static libraries unless the cache has them
#   scripts/llama.sh tools     also llama-bench, llama-quantize, llama-batched-bench and llama-server:
#                              the references of our benchmarks and the quantizer of test models
#   scripts/llama.sh prefix    prints where the result is (or will be)
#
# MOAT_PORTABLE=1  code for any AVX2 machine instead of this one   MOAT_CUDA=1  with the CUDA backend
# MOAT_CACHE       the cache directory                             MOAT_JOBS    parallel compilers
# MOAT_LLAMA_OPTIONS  more CMake options, such as -DCMAKE_CUDA_ARCHITECTURES=90
#
# The source travels as a git bundle inside an npm package: its version and SHA-256 are the pin; our changes to it
# are llama-patches/*.patch. The prefix is keyed by version, patches, options, compiler and (for native code) the
# processor.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

llama_version=0.5.0
package=node-llama-cpp
package_version=3.22.1
package_sha256=a0d9dd80eacd2ab1cfe71aee57ac8a806487fd70b3d2a38fbec637752d9e5c5f
recipe=1 # raise when this script changes what it puts into the prefix

patches=("$(dirname "$0")"/llama-patches/*.patch)

cc=${MOAT_CC:-clang-19}
cxx=${MOAT_CXX:-clang++-19}
libraries=(llama llama-common mtmd)
tools=(llama-bench llama-quantize llama-batched-bench llama-server)

options=(
    -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON
    -DBUILD_SHARED_LIBS=OFF
    -DGGML_OPENMP=OFF # our own thread pools: OpenMP's spinning workers starve the server beside them
    -DGGML_CCACHE=OFF # we pass ccache ourselves
    -DGGML_CUDA_NCCL=OFF
    -DLLAMA_BUILD_IS_DEV=OFF
    -DLLAMA_BUILD_NUMBER=0
    -DLLAMA_BUILD_COMMIT="v$llama_version"
    -DLLAMA_BUILD_TESTS=OFF
    -DLLAMA_BUILD_EXAMPLES=OFF
    -DLLAMA_BUILD_APP=OFF
    -DLLAMA_BUILD_UI=OFF
    -DLLAMA_USE_PREBUILT_UI=OFF # would download during the build
    -DLLAMA_OPENSSL=OFF
    -DLLAMA_SUBPROCESS=OFF
)
if [ -n "${MOAT_PORTABLE:-}" ]; then options+=(-DGGML_NATIVE=OFF); else options+=(-DGGML_NATIVE=ON); fi
if [ -n "${MOAT_CUDA:-}" ]; then options+=(-DGGML_CUDA=ON); else options+=(-DGGML_CUDA=OFF); fi
read -ra more_options <<<"${MOAT_LLAMA_OPTIONS:-}"
options+=("${more_options[@]}")

cache_key() {
    {
        printf '%s\n' "$recipe" "$package_sha256" "${options[@]}"
        cat "${patches[@]}"
        "$cxx" --version | head -n 1
        if [ -z "${MOAT_PORTABLE:-}" ]; then grep -m 1 -E '^(flags|Features)' /proc/cpuinfo || uname -m; fi
    } | sha256sum | cut -c 1-12
}

need "$cxx"
key=$(cache_key)
prefix=$MOAT_CACHE_DIR/llama-$llama_version-$key
work=$MOAT_CACHE_DIR/sources/llama-$llama_version-$key # a fixed path, so that ccache sees the same commands

get_source() {
    if [ -f "$work/source/CMakeLists.txt" ]; then return; fi
    need git
    local archive unpacked=$work/package
    archive=$(fetch_npm "$package" "$package_version" "$package_sha256")
    rm -rf "$work"
    mkdir -p "$unpacked"
    tar -xzf "$archive" -C "$unpacked" package/llama/gitRelease.bundle
    git -c advice.detachedHead=false clone --quiet --depth 1 \
        "$unpacked/package/llama/gitRelease.bundle" "$work/source.part" 2>/dev/null ||
        die "the llama.cpp bundle inside $package $package_version cannot be read"
    rm -rf "$unpacked"
    local patch
    for patch in "${patches[@]}"; do
        git -C "$work/source.part" apply - <"$patch" || die "$patch does not fit llama.cpp $llama_version"
    done
    mv "$work/source.part" "$work/source"
}

configure() {
    need cmake ninja "$cc"
    export CCACHE_BASEDIR=$work
    local launcher=()
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    cmake -S "$work/source" -B "$work/build" -G Ninja \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" "${launcher[@]}" "${options[@]}" \
        >"$work/configure.log" 2>&1 || {
        tail -n 30 "$work/configure.log" >&2
        die "llama.cpp could not be configured; the whole log is $work/configure.log"
    }
}

# On a terminal ninja keeps one moving line; elsewhere every 20th step is enough.
compile() {
    local start=$SECONDS
    if [ -t 1 ]; then
        NINJA_STATUS="llama.cpp [%f/%t] " ninja -C "$work/build" -j "$MOAT_JOBS" "$@" >&2
    else
        NINJA_STATUS="[%f/%t] " ninja -C "$work/build" -j "$MOAT_JOBS" "$@" 2>&1 |
            tee "$work/build.log" |
            awk '/^FAILED|error:/ {print; fflush(); next} /^\[/ && ++n % 20 == 0 {print "llama.cpp " $1; fflush()}' >&2
    fi || die "llama.cpp did not compile; see $work/build.log"
    say "llama.cpp: compiled in $((SECONDS - start)) s"
}

install_headers() { # install_headers STAGE
    local source=$work/source stage=$1
    mkdir -p "$stage/include/llama-common/jinja"
    cp "$source"/include/*.h "$source"/ggml/include/*.h "$source"/tools/mtmd/mtmd{,-helper}.h "$stage/include/"
    cp "$source"/common/*.h "$stage/include/llama-common/"
    cp "$source"/common/jinja/*.h "$stage/include/llama-common/jinja/"
}

install_shared() { # install_shared STAGE
    local source=$work/source stage=$1
    mkdir -p "$stage/share/vocab" "$stage/share/licenses"
    cp "$source"/models/ggml-vocab-*.gguf "$stage/share/vocab/"
    cp -r "$source/gguf-py" "$stage/share/"
    cp "$source/LICENSE" "$stage/share/licenses/LICENSE-llama.cpp"
    cp "$source"/licenses/LICENSE-* "$stage/share/licenses/" 2>/dev/null || true # none in some releases
}

build() {
    if [ -f "$prefix/lib/libllama.a" ]; then return; fi
    lock llama
    if [ -f "$prefix/lib/libllama.a" ]; then return; fi
    get_source
    say "building llama.cpp $llama_version with $cxx ($MOAT_JOBS jobs) ..."
    configure
    compile "${libraries[@]}"

    local stage=$prefix.part
    rm -rf "$stage"
    mkdir -p "$stage/lib" "$stage/bin"
    find "$work/build" -name '*.a' -exec cp {} "$stage/lib/" \;
    install_headers "$stage"
    install_shared "$stage"
    printf '%s\n' "$llama_version" >"$stage/VERSION"
    place "$stage" "$prefix"
    say "llama.cpp $llama_version is in $prefix"
}

build_tools() {
    build
    if [ -f "$prefix/bin/llama-server" ]; then return; fi
    lock llama-tools
    get_source
    configure
    compile "${tools[@]}"
    local tool
    for tool in "${tools[@]}"; do
        cp "$work/build/bin/$tool" "$prefix/bin/.$tool.part"
        mv "$prefix/bin/.$tool.part" "$prefix/bin/$tool" # llama-server comes last and marks the set complete
    done
    rm -rf "$work"
}

case ${1:-build} in
    prefix) printf '%s\n' "$prefix" ;;
    build) build ;;
    tools) build_tools ;;
    *) die "usage: $0 [build|tools|prefix]" ;;
esac
