#include "api/openai/transcription.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "api/request/json_fields.h"
#include "api/request/message_parts.h"
#include "http/multipart.h"

namespace moat::api::openai {
namespace {

using Fields = std::map<std::string_view, std::string_view>;

std::string_view field(const Fields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : found->second;
}

// What a model is asked. `language`: a name or code as the client gives it; `prompt`: words that
// may occur in the sound.
std::string instruction(std::string_view language, std::string_view prompt) {
    std::string out =
        "Transcribe the audio word for word. Answer with the transcript alone, without comments.";
    if (!language.empty()) out += fmt::format(" The language is {}.", language);
    if (!prompt.empty()) out += fmt::format(" The context is: {}", prompt);
    return out;
}

Result<double> temperature_in(std::string_view text) {
    double value = 0;
    if (text.empty()) return value;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end && value >= 0 && value <= 1) return value;
    return invalid("'temperature' must be a number from 0 to 1");
}

}  // namespace

Result<Transcription> read_transcription(std::string_view content_type, std::string_view body) {
    if (!http::is_multipart_form(content_type))
        return invalid("the body must be a form: Content-Type multipart/form-data");
    TRY_ASSIGN(const auto parts, http::parse_multipart(content_type, body));
    Fields fields;
    for (const http::FormPart& part : parts)
        fields[part.name] = part.data;
    const std::string_view file = field(fields, "file");
    if (file.empty()) return invalid("the form needs a part 'file' with the sound");
    if (file.size() > kMaxSoundBytes) {
        return Error{
            ErrorCode::too_large,
            fmt::format("the file is too large: at most {} MB", kMaxSoundBytes >> 20)
        };
    }
    const std::string_view model = field(fields, "model");
    if (model.empty()) return invalid("model is required");
    const std::string_view format = field(fields, "response_format");
    if (!format.empty() && format != "json" && format != "text")
        return invalid(
            fmt::format("response_format '{}' is not supported: use json or text", format)
        );
    TRY_ASSIGN(const double temperature, temperature_in(field(fields, "temperature")));

    Transcription out;
    out.as_text = format == "text";
    out.request.model = model;
    out.request.think = false;
    out.request.options = json::Object{{"temperature", temperature}};
    models::ChatMessage message{.role = "user"};
    add_media(message, std::string(file));
    add_text(message, instruction(field(fields, "language"), field(fields, "prompt")));
    out.request.messages.push_back(std::move(message));
    return out;
}

}  // namespace moat::api::openai
