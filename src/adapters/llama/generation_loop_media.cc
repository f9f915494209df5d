#include <algorithm>

#include "adapters/llama/generation_loop.h"
#include "adapters/llama/media_tokens.h"

// The images of the batches.
namespace moat::adapters::llama {

// The next piece of one image, as large as a piece of a prompt may be; of one whose rows see each
// other, all that a batch holds.
void GenerationLoop::plan_media() {
    rows_.clear();
    if (projector_ == nullptr) return;
    const auto has_image = [](const auto& one) { return one->next_media().chunk != nullptr; };
    const auto found = std::ranges::find_if(active_, has_image);
    if (found == active_.end()) return;
    Generation& generation = **found;
    const auto [chunk, begin] = generation.next_media();
    if (chunk->rows.empty()) return encode(generation, *chunk);
    const auto answers = static_cast<std::size_t>(
        std::ranges::count_if(active_, [](const auto& one) { return one->uncomputed() == 1; })
    );
    const std::size_t left = chunk->tokens.size() - begin;
    const std::size_t most = prompt_budget(chunk->sees_ahead ? 0 : answers);
    const std::size_t count = std::min(left, most);
    rows_.push_back({.generation = &generation, .count = count, .within = count < left});
    find_cells();
}

void GenerationLoop::encode(Generation& generation, MediaChunk& chunk) {
    const Status encoded = projector_->encode(chunk);
    if (encoded) return;
    generation.fail(encoded.error(), reply_);
    end(generation, true);
    remove_ended();
}

int GenerationLoop::decode_media() {
    const Row& row = rows_.front();
    const std::span<const llama_token> context = row.generation->context();
    const auto [chunk, begin] = row.generation->next_media();
    const llama_pos first = positions_of(context.first(row.generation->computed() - begin));
    const auto run = [&] {
        return projector_->decode(
            context_.get(), *chunk, begin, row.count, first, row.generation->sequence()
        );
    };
    int code = run();
    if (code == 1) {
        cache_.clear_free();  // as for a batch of tokens
        code = run();
    }
    if (code == 0 && !row.within) chunk->rows = {};
    return code;
}

}  // namespace moat::adapters::llama
