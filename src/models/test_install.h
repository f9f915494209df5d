#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "models/model_store.h"

// Puts small files and the models made of them into a store, for tests.
namespace moat::models {

// `bytes` a few at a time, as a socket brings them. Borrows `bytes`.
inline ModelStore::Pieces pieces_of(const std::string& bytes) {
    return [&bytes,
            done = std::size_t{0}](std::span<std::byte> buffer) mutable -> Result<std::size_t> {
        const std::size_t count = std::min({buffer.size(), bytes.size() - done, std::size_t{7}});
        std::memcpy(buffer.data(), bytes.data() + done, count);
        done += count;
        return count;
    };
}

// The digest under which the store now has them, as a request writes it.
inline std::string upload(ModelStore& store, const Principal& who, const std::string& bytes) {
    const Sha256 digest = sha256(bytes_of(bytes));
    const Status stored = store.put_blob(who, digest, pieces_of(bytes));
    EXPECT_TRUE(stored) << stored.error().message;
    return "sha256:" + digest.hex();
}

// A model of one GGUF file; `request` says what else it has.
inline void install(
    ModelStore& store, const Principal& who, CreateRequest request, const std::string& gguf
) {
    request.files = {{"m.gguf", upload(store, who, gguf)}};
    const Status made = store.create(who, request, [](const Progress&) {});
    ASSERT_TRUE(made) << made.error().message;
}

}  // namespace moat::models
