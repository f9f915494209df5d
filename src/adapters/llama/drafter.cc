#include "adapters/llama/drafter.h"

#include <algorithm>

#include "adapters/llama/state_store.h"

namespace moat::adapters::llama {
namespace {

// Fewer tokens in common are too often chance.
constexpr std::size_t kLongestMatch = 4;
constexpr std::size_t kShortestMatch = 2;
constexpr int kDraftBatch = 512;

bool same_vocabulary(const llama_vocab* a, const llama_vocab* b) {
    const std::int32_t count = llama_vocab_n_tokens(a);
    if (llama_vocab_type(a) != llama_vocab_type(b) || count != llama_vocab_n_tokens(b))
        return false;
    for (llama_token token = 0; token < count; ++token) {
        if (std::string_view(llama_vocab_get_text(a, token)) != llama_vocab_get_text(b, token)) {
            return false;
        }
    }
    return true;
}

llama_context_params parameters_of(int context_length, int sequences) {
    llama_context_params out = llama_context_default_params();
    out.n_ctx = static_cast<std::uint32_t>(context_length * sequences);
    out.n_batch = kDraftBatch;
    out.n_ubatch = kDraftBatch;
    out.n_seq_max = static_cast<std::uint32_t>(sequences);
    out.n_outputs_max = out.n_seq_max;
    out.kv_unified = true;
    return out;
}

}  // namespace

Tokens guess_by_lookup(std::span<const llama_token> context, std::size_t most) {
    for (std::size_t length = kLongestMatch; length >= kShortestMatch; --length) {
        if (context.size() <= length) continue;
        const auto newest = context.last(length);
        // From the back: what stood last says most about what comes.
        for (std::size_t at = context.size() - length; at-- > 0;) {
            if (!std::ranges::equal(context.subspan(at, length), newest)) continue;
            const auto after = context.subspan(at + length);
            const auto guess = after.first(std::min(most, after.size()));
            return {guess.begin(), guess.end()};
        }
    }
    return {};
}

Result<std::unique_ptr<DraftModel>> DraftModel::load(
    const inference::ModelSource& source,
    const Cards& cards,
    const LogCapture& log,
    const Model& target,
    int context_length,
    int sequences
) {
    TRY_ASSIGN(Model model, Model::load(source, cards, log, [](double) {}));
    if (!same_vocabulary(model.vocabulary(), target.vocabulary())) {
        return Error{
            ErrorCode::invalid_argument,
            "the draft model of " + source.name +
                " has another vocabulary: choose a smaller model of the same family"
        };
    }
    if (model.is_recurrent()) {
        return Error{ErrorCode::unsupported, "a recurrent model cannot be a draft model"};
    }
    TRY_ASSIGN(
        ContextPtr context,
        model.make_context(parameters_of(context_length, sequences), model.threads())
    );
    return std::unique_ptr<DraftModel>(
        new DraftModel(std::move(model), std::move(context), kDraftBatch, sequences)
    );
}

Tokens DraftModel::guess(
    llama_seq_id sequence, std::span<const llama_token> context, std::size_t most
) {
    Tokens& known = known_[static_cast<std::size_t>(sequence)];
    // The newest token is always computed: its logits are wanted.
    const std::size_t same = std::min(common_beginning(known, context), context.size() - 1);
    llama_memory_seq_rm(
        llama_get_memory(context_.get()), sequence, static_cast<llama_pos>(same), -1
    );
    known.resize(same);
    Tokens guesses;
    Tokens all(context.begin(), context.end());
    while (guesses.size() < most && compute(sequence, all, known.size())) {
        known = all;
        const llama_token next = most_likely();
        if (llama_vocab_is_eog(model_.vocabulary(), next)) break;
        guesses.push_back(next);
        all.push_back(next);
    }
    return guesses;
}

// Everything of `tokens` from `from` on; the logits are those of the last one.
bool DraftModel::compute(
    llama_seq_id sequence, std::span<const llama_token> tokens, std::size_t from
) {
    llama_batch batch = llama_batch_init(batch_, 0, 1);
    bool computed = true;
    while (computed && from < tokens.size()) {
        batch.n_tokens = 0;
        for (; from < tokens.size() && batch.n_tokens < batch_; ++from) {
            const int at = batch.n_tokens++;
            batch.token[at] = tokens[from];
            batch.pos[at] = static_cast<llama_pos>(from);
            batch.n_seq_id[at] = 1;
            batch.seq_id[at][0] = sequence;
            batch.logits[at] = static_cast<std::int8_t>(from + 1 == tokens.size());
        }
        computed = llama_decode(context_.get(), batch) == 0;
    }
    llama_batch_free(batch);
    if (!computed) {
        // The states of other answers fill its pool: all begin anew.
        llama_memory_clear(llama_get_memory(context_.get()), false);
        for (Tokens& known : known_)
            known.clear();
    }
    return computed;
}

llama_token DraftModel::most_likely() const {
    const float* logits = llama_get_logits_ith(context_.get(), -1);
    const auto count = llama_vocab_n_tokens(model_.vocabulary());
    return static_cast<llama_token>(std::max_element(logits, logits + count) - logits);
}

}  // namespace moat::adapters::llama
