#include "api/request/message_parts.h"

#include "base/bytes.h"

namespace moat::api {

void add_text(models::ChatMessage& message, std::string_view text) {
    const auto& places = message.image_places;
    const bool behind_image = !places.empty() && places.back() == message.content.size();
    if (!message.content.empty() && !behind_image) message.content += '\n';
    message.content += text;
}

void add_media(models::ChatMessage& message, std::string file) {
    message.image_places.push_back(message.content.size());
    message.images.push_back(std::move(file));
}

Status add_media_base64(
    models::ChatMessage& message, std::string_view base64, std::string_view fault
) {
    const auto bytes = from_base64(base64);
    if (!bytes || bytes->empty()) return Error{ErrorCode::invalid_argument, std::string(fault)};
    add_media(message, std::string(text_of(*bytes)));
    return Ok{};
}

}  // namespace moat::api
