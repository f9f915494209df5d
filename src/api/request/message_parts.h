#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "models/chat.h"

// Messages that come in parts: texts, images and sounds in an order that means something. Threads:
// any.
namespace moat::api {

// At the end of what the message says so far; on a line of its own, but right behind an image.
void add_text(models::ChatMessage& message, std::string_view text);
// An image or sound, there too.
void add_media(models::ChatMessage& message, std::string file);
// The same in base64; `fault`: what to say of one that is empty or not in base64.
// Errors: invalid_argument.
Status add_media_base64(
    models::ChatMessage& message, std::string_view base64, std::string_view fault
);

}  // namespace moat::api
