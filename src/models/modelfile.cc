#include "models/modelfile.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/bytes.h"
#include "models/model_name.h"
#include "models/parameters.h"
#include "models/utf8.h"

namespace moat::models {
namespace {

constexpr std::string_view kCommands[] = {
    "from",
    "license",
    "template",
    "system",
    "adapter",
    "draft",
    "renderer",
    "parser",
    "parameter",
    "message",
    "requires",
};

struct Instruction {
    int line = 1;
    std::string name{};
    std::string first{};  // of PARAMETER and MESSAGE: the word before the value
    std::string value{};
};

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n\v\f";
    const auto start = text.find_first_not_of(kSpace);
    if (start == std::string_view::npos) return {};
    return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

// What stands between the quotes; nothing while the closing quote is yet to come.
std::optional<std::string_view> unquote(std::string_view text) {
    for (const std::string_view quote : {R"(""")", R"(")"}) {
        if (!text.starts_with(quote)) continue;
        if (text.size() < 2 * quote.size() || !text.ends_with(quote)) return std::nullopt;
        return text.substr(quote.size(), text.size() - 2 * quote.size());
    }
    return text;
}

class InstructionReader {
  public:
    explicit InstructionReader(std::string_view text) : text_(text) {}

    // Nothing at the end of the text.
    Result<std::optional<Instruction>> next() {
        skip_to_instruction();
        if (at_end()) return std::optional<Instruction>();

        Instruction out{.line = line_, .name = ascii_lower(take_word())};
        if (std::ranges::find(kCommands, out.name) == std::end(kCommands)) {
            return wrong(fmt::format(
                "(line {}): command must be one of \"from\", \"license\", \"template\", "
                "\"system\", \"adapter\", \"draft\", \"renderer\", \"parser\", \"parameter\", "
                "\"message\", or \"requires\"",
                out.line
            ));
        }
        if (out.name == "parameter" || out.name == "message") {
            skip_blanks();
            out.first = take_word();
            if (out.first.empty()) return wrong("unexpected EOF");
        }
        TRY_ASSIGN(out.value, take_value());
        return std::optional(std::move(out));
    }

  private:
    bool at_end() const { return position_ == text_.size(); }

    char take() {
        const char c = text_[position_++];
        if (c == '\n') ++line_;
        return c;
    }

    void skip_blanks() {
        while (!at_end() && is_blank(text_[position_]))
            take();
    }

    void skip_to_instruction() {
        while (!at_end()) {
            const char c = text_[position_];
            if (c == '#') {
                while (!at_end() && text_[position_] != '\n')
                    take();
            } else if (is_blank(c) || c == '\n') {
                take();
            } else {
                return;
            }
        }
    }

    std::string take_word() {
        const std::size_t start = position_;
        while (!at_end() && !is_blank(text_[position_]) && text_[position_] != '\n')
            take();
        return std::string(text_.substr(start, position_ - start));
    }

    // Line by line until the quotes are closed.
    Result<std::string> take_value() {
        skip_blanks();
        if (at_end()) return wrong("unexpected EOF");
        const std::size_t start = position_;
        while (!at_end()) {
            while (!at_end() && text_[position_] != '\n')
                take();
            const auto value = unquote(trim(text_.substr(start, position_ - start)));
            if (value) return std::string(*value);
            if (!at_end()) take();
        }
        return wrong("unexpected EOF");
    }

    std::string_view text_;
    std::size_t position_ = 0;
    int line_ = 1;
};

std::string from_utf16(std::string_view text, bool big_endian) {
    const auto unit = [&](std::size_t i) -> std::uint32_t {
        const auto a = static_cast<unsigned char>(text[i]);
        const auto b = static_cast<unsigned char>(text[i + 1]);
        return big_endian ? std::uint32_t(a << 8 | b) : std::uint32_t(b << 8 | a);
    };
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        std::uint32_t c = unit(i);
        const bool high = c >= 0xD800 && c < 0xDC00;
        if (high && i + 3 < text.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
            i += 2;
        }
        append_utf8(out, c);
    }
    return out;
}

std::string decode(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) return to_valid_utf8(text.substr(3));
    if (text.starts_with("\xFF\xFE")) return from_utf16(text.substr(2), false);
    if (text.starts_with("\xFE\xFF")) return from_utf16(text.substr(2), true);
    return to_valid_utf8(text);
}

Status add_parameter(Modelfile& file, const Instruction& instruction) {
    const std::string name = ascii_lower(instruction.first);
    TRY_ASSIGN(auto value, parse_parameter(name, instruction.value));
    const Parameter& parameter = *find_parameter(name);
    if (parameter.deprecated) {
        file.warnings.push_back(fmt::format("parameter {} is deprecated", name));
    } else if (parameter.type == ParameterType::list) {
        auto& list = file.parameters[name];
        if (!list.is_array()) list = json::Array();
        list.get_array().push_back(std::move(value));
    } else {
        file.parameters[name] = std::move(value);
    }
    return Ok{};
}

Status add_message(Modelfile& file, Instruction instruction) {
    const std::string role = ascii_lower(instruction.first);
    if (role != "system" && role != "user" && role != "assistant")
        return wrong("message role must be one of \"system\", \"user\", or \"assistant\"");
    file.messages.push_back({.role = role, .content = std::move(instruction.value)});
    return Ok{};
}

Status add(Modelfile& file, Instruction instruction) {
    std::string& value = instruction.value;
    const std::string& name = instruction.name;
    if (name == "parameter") return add_parameter(file, instruction);
    if (name == "message") return add_message(file, std::move(instruction));
    if (name == "requires" && !is_full_version(value))
        return wrong("requires must be a valid semver (e.g. 0.14.0)");

    if (name == "from") {
        file.from.push_back(std::move(value));
    } else if (name == "adapter") {
        file.adapters.push_back(std::move(value));
    } else if (name == "draft") {
        file.drafts.push_back(std::move(value));
    } else if (name == "license") {
        file.licenses.push_back(std::move(value));
    } else if (name == "template") {
        file.prompt_template = std::move(value);
    } else if (name == "system") {
        file.system = std::move(value);
    } else if (name == "renderer") {
        file.renderer = std::move(value);
    } else if (name == "parser") {
        file.parser = std::move(value);
    } else if (name == "requires") {
        file.required_version = std::move(value);
    }
    return Ok{};
}

}  // namespace

bool is_full_version(std::string_view text) {
    if (text.starts_with('v')) text.remove_prefix(1);
    text = text.substr(0, text.find_first_of("-+"));
    int parts = 0;
    while (parts < 3) {
        const auto digits = text.substr(0, text.find('.'));
        const bool number = !digits.empty() && std::ranges::all_of(digits, [](char c) {
            return c >= '0' && c <= '9';
        });
        if (!number) return false;
        ++parts;
        if (digits.size() == text.size()) break;
        text.remove_prefix(digits.size() + 1);
        if (parts == 3) return false;
    }
    return parts == 3;
}

Result<Modelfile> parse_modelfile(std::string_view text) {
    const std::string decoded = decode(text);
    InstructionReader reader(decoded);
    Modelfile file;
    for (;;) {
        TRY_ASSIGN(auto instruction, reader.next());
        if (!instruction) break;
        TRY(add(file, std::move(*instruction)));
    }
    if (file.from.empty()) return wrong("no FROM line");
    return file;
}

std::string quote_for_modelfile(std::string_view value) {
    const bool spans = value.contains('\n');
    const bool padded = value != trim(value);
    if (!spans && !padded && !value.starts_with('"')) return std::string(value);
    // Nothing can be escaped: the shorter quotes serve unless the value itself has them.
    if (value.contains('"')) return fmt::format(R"("""{}""")", value);
    return fmt::format(R"("{}")", value);
}

}  // namespace moat::models
