// The request decoders of Ollama's routes.
#include <cstdint>
#include <string_view>

#include "api/ollama/chat_request.h"
#include "api/ollama/create_request.h"
#include "api/ollama/generate_request.h"
#include "api/request/go_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace moat::api::ollama;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const bool is_json = static_cast<bool>(moat::api::read_go_json(body));
    const bool taken = read_chat(body) || read_generate(body) || read_create(body);
    if (taken && !is_json) __builtin_trap();
    return 0;
}
