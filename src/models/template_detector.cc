#include "models/template_detector.h"

#include <algorithm>

namespace moat::models {
namespace {

using Texts = std::span<const std::string_view>;

// Far longer than any of the named formats needs.
constexpr std::size_t kLongestPlain = 2500;

constexpr std::string_view kAlfred[] = {
    "<start_system>", "<end_message>", "<start_user>", "<start_assistant>"
};
constexpr std::string_view kAlpaca[] = {"###Instruction:", "###Response"};
constexpr std::string_view kChatml[] = {"<|im_start|>", "<|im_end|>"};
constexpr std::string_view kChatqa[] = {"System:", "User:", "Assistant:", "<|begin_of_text|>"};
constexpr std::string_view kCodellama70b[] = {"Source:", "Destination:", "<step>"};
constexpr std::string_view kCommandR[] = {"<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"};
constexpr std::string_view kFalcon[] = {"User:", "Assistant:"};
constexpr std::string_view kGemma[] = {"<start_of_turn>", "<end_of_turn>"};
constexpr std::string_view kGemma3[] = {"<end_of_turn>"};
constexpr std::string_view kGranite[] = {"System:", "Question:", "Answer:"};
constexpr std::string_view kLlama2[] = {"[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"};
constexpr std::string_view kLlama3[] = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"};
constexpr std::string_view kMagicoder[] = {"@@Instruction", "@@Response"};
constexpr std::string_view kOpenchat[] = {"<|end_of_turn|>"};
constexpr std::string_view kPhi3[] = {"<|end|>", "<|system|>", "<|user|>", "<|assistant|>"};
constexpr std::string_view kSolar[] = {"###System:", "###User:", "###Assistant"};
constexpr std::string_view kStarcoder2[] = {"###Instruction", "###Response", "<|endoftext|>"};
constexpr std::string_view kZephyr[] = {"<|system|>", "</s>", "<|user|>", "<|assistant|>"};

// Marks that tell a format from the others.
constexpr std::string_view kAlfredMarks[] = {"<start_system>", "<start_user>"};
constexpr std::string_view kAlpacaMarks[] = {"### Instruction:", "### Response:"};
constexpr std::string_view kChatqaMarks[] = {"System: ", "User: ", "Assistant:"};
constexpr std::string_view kCodellamaMarks[] = {"Source: ", "Destination: ", "<step>"};
constexpr std::string_view kCommandMarks[] = {"<|START_OF_TURN_TOKEN|>"};
constexpr std::string_view kFalconMarks[] = {"User:", "Assistant:"};
constexpr std::string_view kGemmaMarks[] = {"<start_of_turn>", "System role not supported"};
constexpr std::string_view kGemma3Marks[] = {"<start_of_turn>", "<end_of_turn>"};
constexpr std::string_view kGraniteMarks[] = {"Question:", "Answer:"};
constexpr std::string_view kLlama2Marks[] = {"[INST]", "<<SYS>>"};
constexpr std::string_view kLlama3Marks[] = {"<|start_header_id|>", "<|eot_id|>"};
constexpr std::string_view kMagicoderMarks[] = {"@@ Instruction", "@@ Response"};
constexpr std::string_view kMistralMarks[] = {"[INST]", "[/INST]"};
constexpr std::string_view kOpenchatMarks[] = {"GPT4 Correct", "<|end_of_turn|>"};
constexpr std::string_view kPhi3Marks[] = {"<|user|>", "<|assistant|>", "<|end|>"};
constexpr std::string_view kSolarMarks[] = {"### User:", "### Assistant:"};
constexpr std::string_view kStarcoder2Marks[] = {
    "### Instruction", "### Response", "<|endoftext|>"
};
constexpr std::string_view kZephyrMarks[] = {"<|user|>", "<|assistant|>"};

struct Rule {
    NamedTemplate named;
    Texts marks;  // all of them
};

// The first that fits counts: those with more to tell them by stand first.
constexpr Rule kRules[] = {
    {{"chatml", kChatml}, kChatml},
    {{"llama3-instruct", kLlama3}, kLlama3Marks},
    {{"llama2-chat", kLlama2}, kLlama2Marks},
    // Ollama ships ChatML's marks as the stops of this one; they harm no answer.
    {{"mistral-instruct", kChatml}, kMistralMarks},
    {{"command-r", kCommandR}, kCommandMarks},
    {{"gemma-instruct", kGemma}, kGemmaMarks},
    {{"gemma3-instruct", kGemma3, 0.1}, kGemma3Marks},
    {{"openchat", kOpenchat}, kOpenchatMarks},
    {{"alfred", kAlfred}, kAlfredMarks},
    {{"phi-3", kPhi3}, kPhi3Marks},
    {{"zephyr", kZephyr}, kZephyrMarks},
    {{"magicoder", kMagicoder}, kMagicoderMarks},
    {{"starcoder2-instruct", kStarcoder2}, kStarcoder2Marks},
    {{"alpaca", kAlpaca}, kAlpacaMarks},
    {{"solar-instruct", kSolar}, kSolarMarks},
    {{"codellama-70b-instruct", kCodellama70b}, kCodellamaMarks},
    {{"granite-instruct", kGranite}, kGraniteMarks},
    {{"chatqa", kChatqa}, kChatqaMarks},
    {{"falcon-instruct", kFalcon}, kFalconMarks},
};

}  // namespace

const NamedTemplate* detect_template(std::string_view jinja) {
    if (jinja.empty() || jinja.size() > kLongestPlain || jinja.contains("tools")) return nullptr;
    for (const Rule& rule : kRules) {
        const bool fits = std::ranges::all_of(rule.marks, [jinja](std::string_view mark) {
            return jinja.contains(mark);
        });
        if (fits) return &rule.named;
    }
    return nullptr;
}

}  // namespace moat::models
