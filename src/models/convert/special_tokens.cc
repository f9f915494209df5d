#include "models/convert/special_tokens.h"

#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace moat::models {
namespace {

struct Kind {
    std::string_view theirs;  // bos_token, bos_token_id
    std::string_view ours;    // of GGUF; its spelling
    std::string_view usual;   // of vocab.txt, which names none
};

constexpr Kind kKinds[] = {
    {"bos", "bos", "[CLS]"},
    {"eos", "eos", "[SEP]"},
    {"unk", "unknown", "[UNK]"},
    {"sep", "seperator", "[SEP]"},
    {"pad", "padding", "[PAD]"},
    {"mask", "mask", "[MASK]"},
};

// "bos_token": "<s>", or {"content": "<s>", ...}. Empty when it is not named.
std::string token_text(const json::Value& tokenizer_config, std::string_view kind) {
    const json::Value* value = json::find(tokenizer_config, fmt::format("{}_token", kind));
    if (!value) return "";
    if (value->is_string()) return std::string(json::view(value->get_string()));
    return json::string_or(*value, "content");
}

// What the template for one text puts before it and after it; empty: nothing.
struct Frame {
    bool given = false;
    std::string first;
    std::string last;
    bool separates_twice = false;  // two tokens stand between a pair of texts, not one
};

// {"SpecialToken": ..} between the two {"Sequence": ..} of a template for two texts.
std::size_t tokens_between(const json::Value& processor) {
    const auto* pair = json::find_array(processor, "pair");
    std::size_t texts = 0;
    std::size_t count = 0;
    if (pair == nullptr) return 0;
    for (const json::Value& part : *pair) {
        if (json::find(part, "Sequence") != nullptr)
            ++texts;
        else if (texts == 1)
            ++count;
    }
    return count;
}

std::string special_id(const json::Value& part) {
    const json::Value* special = json::find(part, "SpecialToken");
    return special ? json::string_or(*special, "id") : "";
}

void read_processor(const json::Value& processor, Frame& out) {
    const std::string type = json::string_or(processor, "type");
    if (const auto* steps = json::find_array(processor, "processors")) {
        for (const json::Value& step : *steps)
            if (json::string_or(step, "type") != "Sequence") read_processor(step, out);
    } else if (type == "TemplateProcessing") {
        out.given = true;
        out.separates_twice = tokens_between(processor) == 2;
        const auto* single = json::find_array(processor, "single");
        if (!single || single->size() < 2) return;
        out.first = special_id(single->front());
        out.last = special_id(single->back());
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
        out.given = true;
        const auto text = [&processor](std::string_view key) -> std::string {
            const auto* pair = json::find_array(processor, key);
            if (!pair || pair->empty() || !(*pair)[0].is_string()) return "";
            return std::string(json::view((*pair)[0].get_string()));
        };
        out.first = text("cls");
        out.last = text("sep");
    }
}

// "chat_template": a text, or a list of named ones.
std::map<std::string, std::string> templates_of(const json::Value* value) {
    std::map<std::string, std::string> out;
    if (value && value->is_string()) out["default"] = json::view(value->get_string());
    if (value && value->is_array())
        for (const json::Value& one : value->get_array())
            out[json::string_or(one, "name")] = json::string_or(one, "template");
    return out;
}

class SpecialTokens {
  public:
    SpecialTokens(const PublishedConfig& config, const Vocabulary& vocabulary, GgufHead& head)
        : config_(config), vocabulary_(vocabulary), head_(head) {}

    Status write(const json::Value& tokenizer, const json::Value& tokenizer_config) {
        find_ids(tokenizer_config);
        if (const json::Value* processor = json::find(tokenizer, "post_processor"))
            read_processor(*processor, frame_);
        const bool encoder = vocabulary_.model == "bert";
        if (!encoder) frame_ends();
        if (!encoder && !ids_.contains("eos")) {
            return Error{
                ErrorCode::invalid_argument,
                "nothing says which token ends a text: eos_token of tokenizer_config.json, or "
                "eos_token_id of config.json"
            };
        }
        for (const Kind& kind : kKinds)
            if (const auto found = ids_.find(kind.theirs); found != ids_.end())
                head_.u32(fmt::format("tokenizer.ggml.{}_token_id", kind.ours), found->second);
        if (eot_) head_.u32("tokenizer.ggml.eot_token_id", *eot_);
        if (!encoder) write_flags(tokenizer_config);
        return Ok{};
    }

  private:
    void find_ids(const json::Value& tokenizer_config) {
        for (const Kind& kind : kKinds) {
            std::string text = token_text(tokenizer_config, kind.theirs);
            // BERT calls its first and last token by other names.
            if (text.empty() && kind.theirs == "bos") text = token_text(tokenizer_config, "cls");
            if (text.empty() && kind.theirs == "eos") text = token_text(tokenizer_config, "sep");
            auto id = vocabulary_.find(text);
            if (!id || text.empty()) id = id_in_config(kind.theirs);
            if (!id && vocabulary_.model == "bert") id = vocabulary_.find(kind.usual);
            if (id) ids_[kind.theirs] = *id;
        }
    }

    // A number, or a list of which the first counts.
    std::optional<std::uint32_t> id_in_config(std::string_view kind) const {
        const json::Value* value = json::find(config_.values(), fmt::format("{}_token_id", kind));
        if (value && value->is_array() && !value->get_array().empty())
            value = &value->get_array().front();
        if (!value || !value->is_int64()) return std::nullopt;
        const std::int64_t id = value->get_int64();
        if (id < 0 || id >= static_cast<std::int64_t>(vocabulary_.tokens().size()))
            return std::nullopt;
        return static_cast<std::uint32_t>(id);
    }

    // A text may be closed by another token than a turn is; both then end an answer.
    void frame_ends() {
        const auto first = vocabulary_.find(frame_.first);
        if (!frame_.first.empty() && first) ids_.try_emplace("bos", *first);
        const auto last = vocabulary_.find(frame_.last);
        if (frame_.last.empty() || !last) return;
        const auto [eos, is_new] = ids_.try_emplace("eos", *last);
        if (is_new || eos->second == *last) return;
        eot_ = eos->second;
        eos->second = *last;
    }

    void write_flags(const json::Value& tokenizer_config) const {
        const auto frames = [this](const std::string& text, std::string_view kind) {
            const auto id = vocabulary_.find(text);
            const auto named = ids_.find(kind);
            return !text.empty() && id && named != ids_.end() && named->second == *id;
        };
        // SentencePiece's tokenizers begin a text with a token of their own if nobody objects.
        const bool begins = frame_.given ? frames(frame_.first, "bos")
                                         : vocabulary_.model == "llama" && ids_.contains("bos");
        const bool add_bos = json::bool_or(tokenizer_config, "add_bos_token", begins);
        head_.flag("tokenizer.ggml.add_bos_token", add_bos && ids_.contains("bos"));
        const bool ends = frames(frame_.last, "eos");
        head_.flag(
            "tokenizer.ggml.add_eos_token", json::bool_or(tokenizer_config, "add_eos_token", ends)
        );
        // Rerankers read a query and a document as one text.
        if (frame_.separates_twice && ids_.contains("sep"))
            head_.flag("tokenizer.ggml.add_sep_token", true);
    }

    const PublishedConfig& config_;
    const Vocabulary& vocabulary_;
    GgufHead& head_;
    std::map<std::string_view, std::uint32_t> ids_;
    std::optional<std::uint32_t> eot_;
    Frame frame_;
};

// The newest place first: a file of its own, then tokenizer_config.json.
Status write_templates(
    const ModelFolder& folder, const json::Value& tokenizer_config, GgufHead& head
) {
    auto templates = templates_of(json::find(tokenizer_config, "chat_template"));
    if (templates.empty()) {
        TRY_ASSIGN(const auto own, folder.json_or_empty("chat_template.json"));
        templates = templates_of(json::find(own, "chat_template"));
    }
    TRY_ASSIGN(const auto jinja, folder.text("chat_template.jinja"));
    if (jinja) templates["default"] = *jinja;
    for (const auto& [name, text] : templates) {
        if (!is_utf8(text))
            return Error{ErrorCode::invalid_argument, "chat_template.jinja is not UTF-8"};
        // Names that could be taken for other keys are left out.
        const bool plain =
            !name.empty() &&
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
        if (name == "default") {
            head.text("tokenizer.chat_template", text);
        } else if (plain) {
            head.text("tokenizer.chat_template." + name, text);
        }
    }
    return Ok{};
}

}  // namespace

Status write_special_tokens(
    const ModelFolder& folder,
    const PublishedConfig& config,
    const Vocabulary& vocabulary,
    GgufHead& head
) {
    TRY_ASSIGN(const auto tokenizer, folder.json_or_empty("tokenizer.json"));
    TRY_ASSIGN(const auto tokenizer_config, folder.json_or_empty("tokenizer_config.json"));
    TRY(SpecialTokens(config, vocabulary, head).write(tokenizer, tokenizer_config));
    return write_templates(folder, tokenizer_config, head);
}

}  // namespace moat::models
