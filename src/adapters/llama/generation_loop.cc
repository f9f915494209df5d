#include "adapters/llama/generation_loop.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "adapters/llama/media_tokens.h"
#include "base/log.h"

namespace moat::adapters::llama {
namespace {

// How long a piece of a prompt may hold up the answers of others.
constexpr double kStallSeconds = 0.2;
constexpr std::size_t kLeastPiece = 16;
// Smaller batches say little about the speed of large ones.
constexpr int kMeasuredTokens = 32;
// Tokens of a beginning that somebody else computes: fewer are not worth a wait.
constexpr std::size_t kWorthWaiting = 64;

llama_context_params parameters_of(const GenerationLimits& limits, int sequences) {
    llama_context_params out = llama_context_default_params();
    out.n_ctx = static_cast<std::uint32_t>(limits.pool);
    out.n_batch = static_cast<std::uint32_t>(limits.batch);
    out.n_ubatch = static_cast<std::uint32_t>(limits.batch);
    out.n_seq_max = static_cast<std::uint32_t>(sequences);
    // Each request wants the logits of one token; room for a whole batch of them would be the
    // largest buffer of all (batch x vocabulary). llama.cpp wants no less than sequences.
    out.n_outputs_max = static_cast<std::uint32_t>(sequences);
    out.kv_unified = true;
    out.swa_full = true;  // a sliding window forgets what a shared beginning would need
    return out;
}

std::int64_t cache_bytes(const Model& model, const GenerationLimits& limits) {
    const llama_model* m = model.get();
    const std::int64_t heads = std::max(1, llama_model_n_head(m));
    const std::int64_t width = llama_model_n_embd(m) / heads * llama_model_n_head_kv(m);
    const std::int64_t values = width * llama_model_n_layer(m) * 2;  // K and V
    return values * model.cache_bytes_of_32_values() / 32 * limits.pool;
}

// As many again as run at once keep what ended requests computed. A recurrent model has its whole
// state for every sequence, used or not.
int sequences_for(const Model& model, int slots) {
    const int most = static_cast<int>(llama_max_parallel_sequences());
    return model.is_recurrent() ? slots : std::min(slots * 2, most);
}

}  // namespace

Result<std::unique_ptr<GenerationLoop>> GenerationLoop::make(
    const Model& model, const GenerationLimits& wanted, StateStore states, ReplySink reply
) {
    GenerationLimits limits = wanted;
    limits.slots = std::clamp(limits.slots, 1, static_cast<int>(llama_max_parallel_sequences()));
    if (model.trained_context() > 0) {
        limits.context_length = std::min(limits.context_length, model.trained_context());
    }
    limits.context_length = std::max(limits.context_length, 4);
    limits.batch =
        std::max(std::min(limits.batch, limits.context_length), sequences_for(model, limits.slots));
    const int all = limits.context_length * limits.slots;
    limits.pool = limits.pool > 0 ? std::clamp(limits.pool, limits.context_length, all) : all;
    const auto parameters = parameters_of(limits, sequences_for(model, limits.slots));
    TRY_ASSIGN(ContextPtr context, model.make_context(parameters, model.threads()));
    return std::unique_ptr<GenerationLoop>(
        new GenerationLoop(model, limits, std::move(context), std::move(states), std::move(reply))
    );
}

GenerationLoop::GenerationLoop(
    const Model& model,
    GenerationLimits limits,
    ContextPtr context,
    StateStore states,
    ReplySink reply
)
    : limits_(limits),
      can_guess_(!model.is_recurrent()),
      context_(std::move(context)),
      reply_(std::move(reply)),
      cache_(
          context_.get(),
          {.sequences = sequences_for(model, limits.slots),
           .cells = static_cast<std::size_t>(limits.pool),
           .can_share = !model.is_recurrent()},
          std::move(states)
      ),
      batch_(llama_batch_init(limits.batch, 0, 1)),
      cache_bytes_(llama::cache_bytes(model, limits)) {
    llama_set_abort_callback(context_.get(), must_abort, this);
}

GenerationLoop::~GenerationLoop() {
    llama_batch_free(batch_);
}

void GenerationLoop::add(std::unique_ptr<Generation> generation) {
    waiting_.push_back(std::move(generation));
}

void GenerationLoop::step() {
    drop_cancelled();
    admit();
    if (!active_.empty()) cache_.move_free_to_store();
    shift_full();
    fill_batch();
    if (!rows_.empty()) conclude(decode());
    plan_media();
    if (!rows_.empty()) conclude(decode_media());
}

void GenerationLoop::conclude(int code) {
    if (code == 0) {
        take_results();
    } else {
        fail_batch(code);
    }
    remove_ended();
}

void GenerationLoop::drop_cancelled() {
    const Error error{ErrorCode::cancelled, "the request was cancelled"};
    std::erase_if(waiting_, [&](const auto& generation) {
        const bool gone = generation->is_cancelled();  // asked once: it may become so meanwhile
        if (gone) generation->fail(error, reply_);
        return gone;
    });
    for (const auto& generation : active_) {
        if (!generation->is_cancelled()) continue;
        generation->fail(error, reply_);
        end(*generation, true);
    }
    remove_ended();
}

void GenerationLoop::admit() {
    while (active_.size() < static_cast<std::size_t>(limits_.slots) && admit_one()) {
    }
}

bool GenerationLoop::admit_one() {
    for (const std::size_t place : turns()) {
        Generation& next = *waiting_[place];
        if (is_being_computed(next)) continue;
        const auto taken = cache_.take(next.context(), next.reach());
        if (!taken) return false;  // others do not overtake it, or it might wait for ever
        next.begin(taken->sequence, taken->cached);
        last_turn_[next.owner()] = ++turns_taken_;
        active_.push_back(std::move(waiting_[place]));
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(place));
        return true;
    }
    return false;
}

// Places in waiting_: the first of each owner, of owners with fewer running ones first; of equals
// the owner whose turn is longest ago.
std::vector<std::size_t> GenerationLoop::turns() {
    std::map<std::string_view, std::size_t> running;
    for (const auto& generation : active_)
        ++running[generation->owner()];
    std::set<std::string_view> seen;
    std::erase_if(last_turn_, [&](const auto& turn) {
        const auto is_his = [&](const auto& waiting) { return waiting->owner() == turn.first; };
        return !running.contains(turn.first) && std::ranges::none_of(waiting_, is_his);
    });
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if (seen.insert(waiting_[i]->owner()).second) places.push_back(i);
    }
    std::ranges::sort(places, {}, [&](std::size_t place) {
        const std::string& owner = waiting_[place]->owner();
        return std::tuple(running[owner], last_turn_[owner], place);
    });
    return places;
}

// Whether somebody is about to compute more of its beginning than is there now.
bool GenerationLoop::is_being_computed(const Generation& wanted) const {
    return std::ranges::any_of(active_, [&](const auto& other) {
        if (other->uncomputed() <= 1) return false;
        const std::size_t readable =
            other->reach().for_reader(wanted.reach().domain, other->context().size());
        const std::size_t common =
            std::min(readable, common_beginning(other->context(), wanted.context()));
        return common >= other->computed() + kWorthWaiting;
    });
}

void GenerationLoop::shift_full() {
    const auto room = static_cast<std::size_t>(limits_.context_length);
    for (const auto& generation : active_) {
        if (generation->context().size() <= room || shift(*generation)) continue;
        generation->finish(inference::FinishReason::length, reply_);
        end(*generation, true);
    }
    remove_ended();
}

bool GenerationLoop::shift(Generation& generation) {
    if (!generation.may_shift()) return false;
    // More than half is never kept, or there would be a shift for every few tokens.
    const auto half = static_cast<std::size_t>(limits_.context_length) / 2;
    const std::size_t keep = std::min(generation.tokens_to_keep(), half);
    const llama_token newest = generation.context().back();
    Tokens context = cache_.shift(generation.sequence(), keep);
    context.push_back(newest);
    generation.set_context(std::move(context), cache_.length(generation.sequence()));
    return true;
}

void GenerationLoop::fill_batch() {
    plan_rows();
    add_guesses();
    find_cells();
    batch_.n_tokens = 0;
    for (Row& row : rows_)
        add_to_batch(row);
}

// Answers first: each is one token. What is left of the batch goes to prompts, oldest first.
void GenerationLoop::plan_rows() {
    rows_.clear();
    for (const auto& generation : active_) {
        if (generation->uncomputed() == 1) rows_.push_back({generation.get(), 1});
    }
    std::size_t budget = prompt_budget(rows_.size());
    for (const auto& generation : active_) {
        if (generation->uncomputed() <= 1) continue;
        const std::size_t count = std::min(budget, generation->uncomputed_text());
        if (count == 0) continue;  // an image comes next, or there is no room
        rows_.push_back({generation.get(), count});
        budget -= count;
    }
}

// Guesses share what is left of the batch and of the room for logits.
void GenerationLoop::add_guesses() {
    if (!can_guess_) return;
    std::size_t tokens = 0;
    for (const Row& row : rows_)
        tokens += row.count;
    std::size_t left = std::min(
        static_cast<std::size_t>(limits_.batch) - tokens,
        static_cast<std::size_t>(cache_.sequences()) - rows_.size()
    );
    for (Row& row : rows_) {
        if (row.generation->uncomputed() != 1 || left == 0) continue;
        row.guesses = guesses_for(*row.generation, left);
        left -= row.guesses.size();
    }
}

Tokens GenerationLoop::guesses_for(Generation& generation, std::size_t most) {
    const auto length = static_cast<std::size_t>(limits_.context_length);
    const std::size_t wanted = generation.guesses_wanted(draft_ != nullptr, length);
    const std::size_t count = std::min(most, wanted);
    if (count == 0) return {};
    if (draft_ == nullptr) {
        Tokens guesses = guess_by_lookup(generation.context(), count);
        guesses.erase(std::ranges::find_if(guesses, is_media), guesses.end());
        return guesses;
    }
    if (generation.has_media()) return {};  // the draft model does not see
    return draft_->guess(generation.sequence(), generation.context(), count);
}

// Where the pool has no room for the batch, the request that began last waits again.
void GenerationLoop::find_cells() {
    const auto needed = [this] {
        std::size_t count = 0;
        for (const Row& row : rows_)
            count += row.tokens();
        return count;
    };
    while (!cache_.make_room(needed()) && active_.size() > 1) {
        std::unique_ptr<Generation> last = std::move(active_.back());
        active_.pop_back();
        std::erase_if(rows_, [&](const Row& row) { return row.generation == last.get(); });
        cache_.release(last->sequence(), true);
        last->lose_place();
        waiting_.push_front(std::move(last));
    }
}

// Tokens of prompts beside so many answers. When more wait for their first token than are held up,
// they are held up for longer by as much: fewer wait then in all, and those that begin together
// stay together, in batches that cost less for each.
std::size_t GenerationLoop::prompt_budget(std::size_t answers) const {
    const std::size_t room = static_cast<std::size_t>(limits_.batch) - answers;
    if (answers == 0) return room;
    const std::size_t reading = active_.size() - answers;
    const double stall = kStallSeconds * static_cast<double>(std::max(reading, answers)) /
                         static_cast<double>(answers);
    const auto piece = static_cast<std::size_t>(stall / seconds_per_token_);
    return std::min(room, std::max(piece, kLeastPiece));
}

void GenerationLoop::add_to_batch(Row& row) {
    const Generation& generation = *row.generation;
    const std::size_t begin = generation.computed();
    const std::span<const llama_token> context = generation.context();
    const llama_pos first =
        generation.has_media() ? positions_of(context.first(begin)) : static_cast<llama_pos>(begin);
    const bool reaches_end = row.count == generation.uncomputed();
    const auto add = [&](llama_token token, std::size_t place, bool logits) {
        const int at = batch_.n_tokens++;
        batch_.token[at] = token;
        batch_.pos[at] = first + static_cast<llama_pos>(place);
        batch_.n_seq_id[at] = 1;
        batch_.seq_id[at][0] = generation.sequence();
        batch_.logits[at] = static_cast<std::int8_t>(logits);
    };
    for (std::size_t i = 0; i < row.count; ++i)
        add(context[begin + i], i, reaches_end && i + 1 == row.count);
    if (reaches_end) row.logits = batch_.n_tokens - 1;
    for (std::size_t i = 0; i < row.guesses.size(); ++i)
        add(row.guesses[i], row.count + i, true);
}

int GenerationLoop::decode() {
    const auto begin = std::chrono::steady_clock::now();
    int code = llama_decode(context_.get(), batch_);
    if (code == 1) {
        // No room although there are cells: what free sequences hold is scattered.
        cache_.clear_free();
        code = llama_decode(context_.get(), batch_);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (code == 0 && batch_.n_tokens >= kMeasuredTokens) {
        seconds_per_token_ = 0.5 * (seconds_per_token_ + took.count() / batch_.n_tokens);
    }
    return code;
}

void GenerationLoop::take_results() {
    for (const Row& row : rows_) {
        Generation& generation = *row.generation;
        const std::span<const llama_token> context = generation.context();
        const auto computed = context.subspan(generation.computed(), row.count);
        cache_.append(generation.sequence(), computed, row.within);
        generation.set_computed(generation.computed() + row.count);
        if (row.logits >= 0 && take_tokens(row)) end(generation, true);
    }
}

// One token, and one more for each guess that was right. True: the answer is done.
bool GenerationLoop::take_tokens(const Row& row) {
    Generation& generation = *row.generation;
    std::size_t right = 0;
    if (!row.guesses.empty()) generation.begin_guesses(row.guesses.size());
    bool done = generation.take_token(context_.get(), row.logits, reply_);
    while (!done && right < row.guesses.size() && generation.context().back() == row.guesses[right]
    ) {
        cache_.append(generation.sequence(), std::span(row.guesses).subspan(right, 1));
        generation.set_computed(generation.computed() + 1);
        generation.accept_guess();
        ++right;
        const int index = row.logits + static_cast<int>(right);
        done = generation.take_token(context_.get(), index, reply_);
    }
    if (right < row.guesses.size()) cache_.roll_back(generation.sequence());  // the wrong ones
    return done;
}

void GenerationLoop::fail_batch(int code) {
    for (const Row& row : rows_)
        cache_.roll_back(row.generation->sequence());
    if (code == 2) return;  // aborted: all are cancelled, and the next step says so
    log::error("llama.cpp could not compute a batch (code {})", code);
    for (const Row& row : rows_) {
        row.generation->fail(
            {ErrorCode::internal, "the model could not compute the next token"}, reply_
        );
        end(*row.generation, false);
    }
}

void GenerationLoop::end(Generation& generation, bool keep_state) {
    cache_.release(generation.sequence(), keep_state);
    ended_.push_back(&generation);
}

void GenerationLoop::remove_ended() {
    if (ended_.empty()) return;
    std::erase_if(active_, [this](const auto& generation) {
        return std::ranges::find(ended_, generation.get()) != ended_.end();
    });
    ended_.clear();
    rows_.clear();
}

// Called from the threads that compute, while the loop waits for them.
bool GenerationLoop::must_abort(void* self) {
    const auto& rows = static_cast<const GenerationLoop*>(self)->rows_;
    const auto cancelled = [](const Row& row) { return row.generation->is_cancelled(); };
    return !rows.empty() && std::ranges::all_of(rows, cancelled);
}

}  // namespace moat::adapters::llama
