#pragma once

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "models/gguf_builder.h"
#include "models/model_store.h"
#include "models/test_install.h"

// A store in a folder of its own, and small files to put into it, for tests.
namespace moat::models {

inline const Principal kAdmin{.id = "a", .name = "a", .role = Role::admin};
inline const Principal kUser{.id = "u", .name = "u", .role = Role::user};

inline GgufBuilder chat_model() {
    GgufBuilder builder;
    builder.text("general.architecture", "llama")
        .u32("general.file_type", 15)
        .u32("llama.context_length", 4096)
        .u32("llama.embedding_length", 64)
        .tensor("w", {32, 4}, std::string(512, 'w'));
    return builder;
}

struct ModelStoreTest : testing::Test {
    TempDir dir;
    ModelStore store = *ModelStore::open(dir.path());

    std::string upload(const std::string& bytes) { return models::upload(store, kAdmin, bytes); }
    Status create(CreateRequest request) {
        lines.clear();
        return store.create(kAdmin, request, [this](const Progress& line) {
            lines.push_back(line.status);
        });
    }
    Status create_simple(const std::string& name, const std::string& bytes = chat_model().bytes()) {
        CreateRequest request;
        request.name = name;
        request.files = {{"model.gguf", upload(bytes)}};
        return create(request);
    }
    std::string error_of(CreateRequest request) {
        const Status status = create(std::move(request));
        return status ? "no error" : status.error().message;
    }
    std::size_t blob_count() const {
        using Walk = std::filesystem::directory_iterator;
        return static_cast<std::size_t>(std::distance(Walk(dir.path() / "blobs"), Walk()));
    }

    std::vector<std::string> lines;
};

}  // namespace moat::models
