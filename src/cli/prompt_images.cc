#include "cli/prompt_images.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/file.h"

namespace moat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxImageBytes = 100U << 20;

// A word of the prompt as a shell would read it, and where it ended.
struct Word {
    std::string text;
    std::size_t end = 0;
};

Word word_at(std::string_view prompt, std::size_t at) {
    const char quote = prompt[at] == '"' || prompt[at] == '\'' ? prompt[at] : '\0';
    Word word{"", quote == '\0' ? at : at + 1};
    for (; word.end < prompt.size(); ++word.end) {
        const char c = prompt[word.end];
        if (quote != '\0' && c == quote) {
            ++word.end;
            return word;
        }
        if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) return word;
        const bool escaped = quote == '\0' && c == '\\' && word.end + 1 < prompt.size();
        if (escaped) ++word.end;
        word.text += prompt[word.end];
    }
    return word;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2))
                                                                : Result<Bytes>(Bytes());
        if (byte && byte->size() == 1) {
            out += static_cast<char>(byte->front());
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool has_known_ending(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    constexpr std::array<std::string_view, 7> kEndings = {
        ".jpg", ".jpeg", ".png", ".webp", ".wav", ".mp3", ".flac"
    };
    return std::ranges::any_of(kEndings, [&](std::string_view end) { return text.ends_with(end); });
}

// The image file a word names; none when it names none.
std::optional<fs::path> image_path(std::string_view word) {
    if (!has_known_ending(std::string(word))) return std::nullopt;
    fs::path path;
    if (word.starts_with("file://")) {
        path = percent_decoded(word.substr(7));
    } else if (word.starts_with("~/")) {
        const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nobody sets it
        if (home == nullptr) return std::nullopt;
        path = fs::path(home) / word.substr(2);
    } else if (word.starts_with('/') || word.starts_with("./") || word.starts_with("../")) {
        path = word;
    } else {
        return std::nullopt;
    }
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return std::nullopt;
    return path;
}

bool is_image(std::string_view bytes) {
    return bytes.starts_with("\xFF\xD8\xFF") || bytes.starts_with("\x89PNG\r\n\x1A\n") ||
           (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP"));
}

bool is_sound(std::string_view bytes) {
    const bool mp3_frame = bytes.size() > 1 && bytes[0] == '\xFF' && (bytes[1] & 0xE0) == 0xE0;
    return bytes.starts_with("fLaC") || bytes.starts_with("ID3") || mp3_frame ||
           (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WAVE"));
}

Result<std::string> read_image(const fs::path& path) {
    TRY_ASSIGN(const std::string bytes, read_file(path, kMaxImageBytes));
    if (!is_image(bytes) && !is_sound(bytes)) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format(
                "{} is not a JPEG, PNG or WebP image, nor a WAV, MP3 or FLAC sound",
                path.filename().string()
            )
        };
    }
    return to_base64(bytes_of(bytes));
}

bool begins_word(std::string_view prompt, std::size_t at) {
    return at == 0 || prompt[at - 1] == ' ' || prompt[at - 1] == '\t' || prompt[at - 1] == '\n';
}

}  // namespace

Result<PromptImages> take_images(std::string_view prompt) {
    PromptImages out;
    for (std::size_t at = 0; at < prompt.size();) {
        const Word word = begins_word(prompt, at) ? word_at(prompt, at) : Word{};
        const auto path = image_path(word.text);
        if (!path) {
            out.text += prompt[at++];
            continue;
        }
        TRY_ASSIGN(std::string image, read_image(*path));
        out.images.emplace_back(std::move(image));
        out.names.push_back(word.text);
        at = word.end;
    }
    const std::size_t first = out.text.find_first_not_of(" \t\n");
    const std::size_t last = out.text.find_last_not_of(" \t\n");
    out.text = first == std::string::npos ? "" : out.text.substr(first, last - first + 1);
    return out;
}

bool begins_with_image(std::string_view prompt) {
    return !prompt.empty() && image_path(word_at(prompt, 0).text).has_value();
}

}  // namespace moat::cli
