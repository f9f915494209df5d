#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "documents/parser.h"
#include "knowledge/embedder.h"

// Doubles of what turns files into text and text into vectors, for tests of this folder.
namespace moat::knowledge {

// Every line is a record, "name=value" one with a field; a file that begins with "!<code>" fails
// with that error.
class FakeParser final : public documents::DocumentParser {
  public:
    Result<documents::Document> parse(
        const std::filesystem::path& path, std::string_view, std::stop_token stop
    ) override {
        ++calls;
        TRY_ASSIGN(const std::string bytes, read_file(path));
        while (hold && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped"};
        if (bytes.starts_with("!corrupt")) return Error{ErrorCode::corrupt, "the file is broken"};
        if (bytes.starts_with("!io") && failures-- > 0)
            return Error{ErrorCode::io, "cannot read the disk"};
        documents::Document document;
        document.title = "Title";
        document.media_type = "text/plain";
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
            documents::Block block;
            block.text = bytes.substr(at, end - at);
            block.headings = {block.text.substr(0, 1)};
            block.kind = documents::BlockKind::record;  // so that it becomes a chunk of its own
            if (const std::size_t mark = block.text.find('='); mark != std::string::npos)
                block.fields = {{block.text.substr(0, mark), block.text.substr(mark + 1)}};
            document.blocks.push_back(block);
            at = end + 1;
        }
        return document;
    }
    std::vector<std::string> extensions() const override { return {".txt"}; }

    std::atomic<int> calls = 0;
    std::atomic<int> failures = 0;  // of files that begin with !io
    std::atomic<bool> hold = false;
};

// A vector of the text's length; remembers what it was asked.
class FakeEmbedder final : public Embedder {
  public:
    std::optional<std::string> default_model() override {
        const std::lock_guard lock(mutex);
        return model.empty() ? std::nullopt : std::optional(model);
    }
    bool installed(const std::string& name) override {
        const std::lock_guard lock(mutex);
        return !model.empty() && name == model;
    }
    Result<bool> reads_chinese(const Principal&, const std::string&, std::stop_token) override {
        return chinese;
    }
    Result<std::vector<std::vector<float>>> embed(
        const Principal&, const std::string&, const std::vector<std::string>& given, std::stop_token
    ) override {
        const std::lock_guard lock(mutex);
        if (fails) return Error{error, "model runner has unexpectedly stopped"};
        std::vector<std::vector<float>> vectors;
        for (const std::string& text : given) {
            texts.push_back(text);
            vectors.emplace_back(dimensions, 1.0F).front() = static_cast<float>(text.size());
        }
        return vectors;
    }
    void install(const std::string& name) {
        const std::lock_guard lock(mutex);
        model = name;
    }

    std::mutex mutex;
    std::string model;               // empty: none installed
    std::vector<std::string> texts;  // embedded so far
    std::size_t dimensions = 2;
    bool fails = false;
    ErrorCode error = ErrorCode::internal;
    bool chinese = false;
};

}  // namespace moat::knowledge
