// What a registry answers: manifests, challenges, addresses, lists of files; and the records of
// parts that a disk gives back.
#include <cstdint>
#include <string_view>

#include "models/manifest.h"
#include "models/registry/challenge.h"
#include "models/registry/credentials.h"
#include "models/registry/hub_files.h"
#include "models/registry/partial_blob.h"
#include "models/registry/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace moat::models;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)parse_manifest(text);
    (void)parse_config(text);
    (void)parse_challenge(text);
    (void)Credentials::parse(text);
    for (const auto parse : {parse_hugging_face_files, parse_modelscope_files})
        if (auto files = parse(text)) (void)choose_shards(*std::move(files), "Q4_K_M");
    const auto part = parse_blob_part(text);
    if (part && (part->completed < 0 || part->completed > part->size)) __builtin_trap();
    const auto base = parse_url("https://registry.example/v2/a/b?c");
    const auto url = resolve(*base, text);
    // What was taken apart is an address again, and the same.
    if (url && parse_url(url->text())->text() != url->text()) __builtin_trap();
    return 0;
}
