#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/principal.h"
#include "base/result.h"
#include "models/chat.h"

// Runs loaded models. Knows files and token streams; names, templates of Modelfiles and protocols
// are above it (model_runtime.h, api/).
namespace moat::inference {

// Changing one of these loads the model anew, unless what is loaded already has enough.
struct LoadOptions {
    int num_ctx = 0;  // tokens; 0: the server's default, at most what the model was trained on
    int num_batch = 512;
    int num_gpu = -1;  // layers on the GPU; -1: all that fit
    int num_thread = 0;
    std::optional<int> main_gpu;
    std::optional<bool> use_mmap;
    std::optional<bool> flash_attention{};  // unset: where the hardware is better with it
    std::string cache_type = "f16";         // of attention states (inference/cache_type.h)
};

// What to load. Equal keys are one loaded model.
struct ModelSource {
    std::string key;   // manifest digest
    std::string name;  // for people
    std::filesystem::path gguf;
    std::vector<std::filesystem::path>
        shards;  // all files of the model in order; empty: gguf is all
    std::vector<std::filesystem::path> adapters;  // LoRA
    std::filesystem::path projector;              // reads images or sound; empty: none
    std::filesystem::path draft;                  // a small model that guesses for it; empty: none
    bool embedding = false;                       // an encoder: embed() only
    LoadOptions load;
};

// Where attention states of earlier prompts go when their place is needed, for each model.
struct StateCache {
    std::uint64_t memory_bytes = 0;
    std::filesystem::path folder;  // of this model; empty: none on disk
    std::uint64_t disk_bytes = 0;
};

// Defaults are Ollama's (reference: options of its API).
struct SamplingOptions {
    std::int64_t seed = -1;  // negative: random
    float temperature = 0.8F;
    int top_k = 40;
    float top_p = 0.9F;
    float min_p = 0.0F;
    float typical_p = 1.0F;
    int repeat_last_n = 64;
    float repeat_penalty = 1.0F;
    float presence_penalty = 0.0F;
    float frequency_penalty = 0.0F;
    int mirostat = 0;  // 1 or 2: instead of all that cuts the choice
    float mirostat_tau = 5.0F;
    float mirostat_eta = 0.1F;
    float dry_multiplier = 0.0F;  // 0: off
    float dry_base = 1.75F;
    int dry_allowed_length = 2;
    int dry_penalty_last_n = -1;  // negative: the whole context
    std::vector<std::string> dry_sequence_breakers{"\n", ":", "\"", "*"};
    float xtc_probability = 0.0F;  // 0: off
    float xtc_threshold = 0.1F;
    float top_n_sigma = -1.0F;    // 0 or less: off
    float dynatemp_range = 0.0F;  // the temperature moves by so much, by the entropy; 0: it stays
    float dynatemp_exponent = 1.0F;
    // Added to a token's logit; -100 or less bans it.
    struct Bias {
        std::string text;  // each of its tokens; empty: `token`
        std::int32_t token = -1;
        float bias = 0;
        bool operator==(const Bias&) const = default;
    };
    std::vector<Bias> logit_bias;

    bool operator==(const SamplingOptions&) const = default;
};

// Messages rendered by the model file's own (Jinja) template, inside the runner. Their images are
// marks in the text.
struct ChatPrompt {
    std::vector<models::ChatMessage> messages;
    json::Value tools;          // array of OpenAI-style tools, or null
    std::optional<bool> think;  // unset: the template's default
    std::string tool_choice;    // "", "auto", "none", "required"
    bool parallel_tool_calls = true;
};

// What stands around a thought at the beginning of an answer.
struct ThoughtMarks {
    std::string open;
    std::string close;
    bool begun = false;  // the prompt ends with the opening mark
};

// An answer that must be calls of tools, in the form the model writes them.
struct ForcedCalls {
    std::string before;  // stands before the JSON of the first
    std::string schema;  // JSON schema of one call
    bool several = false;
};

struct GenerateRequest {
    // Text already rendered (special tokens in it are parsed), tokens, or messages.
    std::variant<std::string, std::vector<std::int32_t>, ChatPrompt> prompt;
    bool add_bos = true;  // for text prompts, if the model wants one
    // Images and sounds, whole files, by the index of their marks in the text (media.h). Those
    // without a mark are not read, and may be empty.
    std::vector<std::string> media;
    std::string media_nonce;
    SamplingOptions sampling;
    std::vector<std::string> stop;
    int num_predict = -1;        // tokens; negative: until the context is full
    int num_keep = 4;            // tokens kept at the front when the context shifts
    int draft_num_predict = 4;   // tokens the draft model guesses at once, if there is one
    int lookup_num_predict = 0;  // without one: guessed from what the context holds; 0: none
    bool shift = true;  // on a full context: drop the oldest half and go on; false: end with length
    std::string grammar;                  // GBNF, or empty
    std::string json_schema;              // JSON text, or empty; "{}" asks for any JSON object
    std::optional<ForcedCalls> calls;     // instead of both
    std::optional<ThoughtMarks> thought;  // all three begin after it; it is free
    // Control tokens whose text belongs to the answer ("[TOOL_CALLS]"); others have none.
    std::vector<std::string> shown_tokens;
    int top_logprobs = -1;     // -1: no logprobs; 0..20
    std::string cache_domain;  // attention state is shared only within a domain; empty: not shared
    // What of the prompt is no secret, so that its state is shared with all: the first messages of
    // a ChatPrompt, or a text that a text prompt begins with (as far as it does).
    std::size_t public_messages = 0;
    std::string public_text;
    // While the model loads, events tell how far that is. Only between caller and Engine.
    bool tell_loading = false;
};

// How far a load is.
struct LoadProgress {
    std::uint64_t completed_bytes = 0;
    std::uint64_t total_bytes = 0;
    bool operator==(const LoadProgress&) const = default;
};

struct TokenLogprob {
    struct Candidate {
        std::string token;
        float logprob;
    };
    std::string token;  // whole UTF-8 characters are not promised: may be part of one
    float logprob = 0;
    std::vector<Candidate> top;
};

// One step of the stream; text is always whole UTF-8 characters. tool_calls only for ChatPrompt.
struct GenerateEvent {
    std::string content;
    std::string thinking;
    std::vector<models::ToolCall> tool_calls;
    std::vector<TokenLogprob> logprobs;
    std::optional<LoadProgress> loading{};  // with nothing else; only where asked for
};

enum class FinishReason { stop, length };

struct GenerateResult {
    FinishReason reason = FinishReason::stop;
    std::string stop_string;  // the one that ended it, if one did
    int prompt_tokens = 0;    // cached ones included
    int cached_tokens = 0;    // of these, not computed again
    // Not counted above, because the prompt did not fit the context.
    int dropped_messages = 0;
    int dropped_tokens = 0;
    int generated_tokens = 0;
    int guessed_tokens = 0;            // by a draft model or lookup
    int right_guesses = 0;             // of these; they count as generated
    std::vector<std::int32_t> tokens;  // prompt and answer, for Ollama's "context"
    Duration load{}, prompt{}, generate{}, total{};
};

struct EmbedRequest {
    std::vector<std::string> texts;
    bool truncate = true;  // false: a text over the context length is invalid_argument
    bool normalize = true;
    // For a model that ranks: how well does each text answer this? The "vector" of a text is then
    // what the model's head says, as it is: a logit, or the probability of each of its classes.
    std::optional<std::string> query{};
};

struct EmbedResult {
    std::vector<std::vector<float>> vectors;  // one a text, L2-normalised if asked
    int prompt_tokens = 0;
    Duration load{}, total{};
};

// Whether a model would load now, with the arithmetic.
struct Fit {
    bool fits = false;
    std::uint64_t file_bytes = 0;
    std::uint64_t cache_bytes_per_token = 0;
    std::uint64_t workspace_bytes = 0;
    std::uint64_t needed_bytes = 0;  // of all, with the pool below
    std::uint64_t available_bytes = 0;
    int context_length = 0;           // tokens one request may use
    int slots = 0;                    // requests at once; 0: it does not fit
    int pool = 0;                     // tokens all of them together may use
    std::vector<std::string> gpus{};  // that would hold it; empty: the machine's memory
    int gpu_layers = 0;               // computed on them; -1: all
};

// A text for the vocabulary of a model.
struct TokenizeText {
    std::string text;
    bool add_special = true;    // begin and end tokens, as the model wants them
    bool parse_special = true;  // texts of special tokens become those tokens
};

// One of the runners of a model.
struct Replica {
    std::int64_t pid = 0;
    std::vector<std::string> gpus;  // that hold it; empty: the machine's memory
    int busy = 0;
    int queued = 0;
};

// Sums over all its runners, but for the context.
struct LoadedModel {
    std::string key;
    std::string name;
    std::int64_t pid = 0;  // of the first
    std::int64_t size_bytes = 0;
    std::int64_t size_vram_bytes = 0;
    int context_length = 0;
    int slots = 0;
    int busy = 0;
    int queued = 0;
    double tokens_per_second = 0;  // generated for all together, lately; 0: none yet
    Time expires_at;               // far in the future when kept forever; of the last to go
    std::vector<Replica> replicas{};
    std::optional<LoadProgress> loading{};  // none of them is ready yet
};

// Called on the calling thread; false cancels the generation.
using EventSink = std::function<bool(const GenerateEvent&)>;

// Called on the calling thread while a model loads; false gives up the wait, not the load. Empty:
// nobody wants to know.
using LoadSink = std::function<bool(const LoadProgress&)>;

// How long a model stays loaded after its last request; negative: forever.
using KeepAlive = std::chrono::nanoseconds;

// Threads: any; calls block until done. One call is one request of the principal; requests of one
//          model share its batches.
// Errors:  invalid_argument (prompt longer than the context, bad grammar), not_found (file gone),
//          corrupt (the file does not load), too_large (not enough memory), busy (queue full),
//          cancelled (stop requested or sink said no), internal (the runner died; the text is
//          Ollama's "model runner has unexpectedly stopped, ..."; the next call loads it again).
class Engine {
  public:
    virtual ~Engine() = default;

    virtual Result<GenerateResult> generate(
        const Principal& who,
        const ModelSource& model,
        const GenerateRequest& request,
        KeepAlive keep_alive,
        const EventSink& sink,
        std::stop_token stop
    ) = 0;
    virtual Result<EmbedResult> embed(
        const Principal& who,
        const ModelSource& model,
        const EmbedRequest& request,
        KeepAlive keep_alive,
        std::stop_token stop
    ) = 0;
    // The prompt text a ChatPrompt becomes, without running it.
    virtual Result<std::string> render(
        const Principal& who,
        const ModelSource& model,
        const ChatPrompt& prompt,
        std::stop_token stop
    ) = 0;
    virtual Result<std::vector<std::int32_t>> tokenize(
        const Principal& who,
        const ModelSource& model,
        const TokenizeText& text,
        std::stop_token stop
    ) = 0;
    virtual Result<std::string> detokenize(
        const Principal& who,
        const ModelSource& model,
        const std::vector<std::int32_t>& tokens,
        std::stop_token stop
    ) = 0;
    // Loads it if needed and restarts its timer; how long the load took.
    virtual Result<Duration> load(
        const Principal& who,
        const ModelSource& model,
        KeepAlive keep_alive,
        const LoadSink& progress,
        std::stop_token stop
    ) = 0;
    // From the header of its file; loads nothing. Memory that other models would give up for it is
    // not counted. Errors: not_found, corrupt, io.
    virtual Result<Fit> fit(const Principal& who, const ModelSource& model) = 0;
    // Ends its runner once idle; fine when it is not loaded.
    virtual Status unload(const Principal& who, const std::string& key) = 0;
    // Those that are being loaded too.
    virtual std::vector<LoadedModel> loaded(const Principal& who) = 0;
};

}  // namespace moat::inference
