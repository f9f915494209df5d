// Images and sound in the real runner, against llama.cpp's own helpers.
#include <atomic>
#include <cmath>
#include <map>
#include <thread>

#include <webp/encode.h>

#include "adapters/llama/plain_vision.h"
#include "adapters/llama/runner_fixture.h"
#include "base/temp_dir.h"
#include "inference/media.h"

namespace moat::adapters::llama {
namespace {

using Tokens = std::vector<llama_token>;
using Pixel = std::array<std::uint8_t, 3>;

void append(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> 8 * i & 0xFF);
}

void append_big(std::string& out, std::uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(value >> 8 * i & 0xFF);
}

// RFC 2083: the sum of a chunk.
std::uint32_t crc(std::string_view bytes) {
    std::uint32_t sum = 0xFFFFFFFF;
    for (const char c : bytes) {
        sum ^= static_cast<std::uint8_t>(c);
        for (int i = 0; i < 8; ++i)
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~sum;
}

void append_chunk(std::string& out, const std::string& name, const std::string& data) {
    append_big(out, static_cast<std::uint32_t>(data.size()), 4);
    out += name + data;
    append_big(out, crc(name + data), 4);
}

// RFC 1950 and 1951, in blocks that are stored as they are.
std::string stored(const std::string& data) {
    std::string out = "\x78\x01";
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (std::size_t at = 0; at < data.size(); at += 65535) {
        const std::string block = data.substr(at, 65535);
        out += at + 65535 >= data.size() ? '\1' : '\0';
        append(out, static_cast<std::uint32_t>(block.size()), 2);
        append(out, ~static_cast<std::uint32_t>(block.size()), 2);
        out += block;
    }
    for (const char c : data) {
        a = (a + static_cast<std::uint8_t>(c)) % 65521;
        b = (b + a) % 65521;
    }
    append_big(out, b << 16 | a, 4);
    return out;
}

std::string png(std::uint32_t width, std::uint32_t height, auto&& pixel) {
    std::string rows;
    for (std::uint32_t y = 0; y < height; ++y) {
        rows += '\0';
        for (std::uint32_t x = 0; x < width; ++x) {
            for (const std::uint8_t value : pixel(x, y))
                rows += static_cast<char>(value);
        }
    }
    std::string head;
    append_big(head, width, 4);
    append_big(head, height, 4);
    head += std::string("\x08\x02\0\0\0", 5);
    std::string out = "\x89PNG\r\n\x1A\n";
    append_chunk(out, "IHDR", head);
    append_chunk(out, "IDAT", stored(rows));
    append_chunk(out, "IEND", "");
    return out;
}

std::string fading(std::uint32_t width = 112, std::uint32_t height = 84) {
    return png(width, height, [](std::uint32_t x, std::uint32_t y) {
        return Pixel{255, static_cast<std::uint8_t>(x * 2), static_cast<std::uint8_t>(y * 3)};
    });
}

// The same picture as fading(), encoded by another library.
std::string fading_webp(int width, int height, bool with_alpha = false) {
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            pixels.insert(pixels.end(), {255, static_cast<std::uint8_t>(x * 2)});
            pixels.push_back(static_cast<std::uint8_t>(y * 3));
            if (with_alpha) pixels.push_back(static_cast<std::uint8_t>(x + 1));
        }
    }
    std::uint8_t* encoded = nullptr;
    const auto* from = pixels.data();
    const std::size_t size = with_alpha
                                 ? WebPEncodeLosslessRGBA(from, width, height, width * 4, &encoded)
                                 : WebPEncodeLosslessRGB(from, width, height, width * 3, &encoded);
    std::string file(reinterpret_cast<const char*>(encoded), size);
    WebPFree(encoded);
    return file;
}

std::string chequered(
    std::uint32_t side = 10, std::uint32_t width = 112, std::uint32_t height = 84
) {
    return png(width, height, [side](std::uint32_t x, std::uint32_t y) {
        const std::uint8_t value = (x / side + y / side) % 2 == 0 ? 0 : 255;
        return Pixel{value, value, value};
    });
}

// One second of a tone, 16-bit mono.
std::string tone(double hertz) {
    constexpr std::uint32_t kRate = 16'000;
    std::string out = "RIFF";
    append(out, 36 + 2 * kRate, 4);
    out += "WAVEfmt ";
    append(out, 16, 4);
    append(out, 1 | 1U << 16, 4);
    append(out, kRate, 4);
    append(out, 2 * kRate, 4);
    append(out, 2 | 16U << 16, 4);
    out += "data";
    append(out, 2 * kRate, 4);
    for (std::uint32_t i = 0; i < kRate; ++i) {
        const double value = 20'000 * std::sin(2 * M_PI * hertz * i / kRate);
        append(out, static_cast<std::uint16_t>(static_cast<std::int16_t>(value)), 2);
    }
    return out;
}

class VisionTest : public RunnerTest {
  protected:
    static constexpr const char* kNonce = "0a1b2c3d";

    static LoadCommand vl(int context = 2048, int slots = 4) {
        LoadCommand load = command("tiny-vl", context, slots);
        load.model.projector = file("tiny-vl-mmproj");
        return load;
    }
    static LoadCommand omni(int context = 2048, int slots = 4) {
        LoadCommand load = command("tiny-chat", context, slots);
        load.model.projector = file("tiny-omni-mmproj");
        return load;
    }
    // "{}" in the text stands for the files, one after the other.
    static GenerateRequest about(
        const std::vector<std::string>& files, const std::string& text, int count = 12
    ) {
        GenerateRequest request =
            greedy(filled(text, [](std::size_t i) { return media_mark(kNonce, i); }), count);
        request.top_logprobs = 4;
        request.media = files;
        request.media_nonce = kNonce;
        return request;
    }
    // The tokens of an answer, without those of its prompt.
    static Tokens said(const Answer& answer) {
        const Tokens& all = answer.result->tokens;
        return {all.end() - answer.result->generated_tokens, all.end()};
    }
    // How likely the best tokens after the prompt are. The weights are random, so the best are
    // nearly as good as the next, and the rounding of another batch may choose another: these
    // stay the same within a little.
    static std::vector<float> first_choice(const Answer& answer) {
        std::vector<float> out;
        if (answer.logprobs.empty()) return out;
        for (const auto& candidate : answer.logprobs.front().top)
            out.push_back(candidate.logprob);
        std::ranges::sort(out, std::greater());
        return out;
    }
    static bool are_alike(const Answer& one, const Answer& two) {
        const auto a = first_choice(one);
        const auto b = first_choice(two);
        return !a.empty() &&
               std::ranges::equal(a, b, [](float x, float y) { return std::abs(x - y) < 0.02F; });
    }
    static std::string marked(const std::string& text) {
        return filled(text, [](std::size_t) { return std::string(mtmd_default_marker()); });
    }

  private:
    static std::string filled(std::string text, auto&& mark) {
        std::size_t index = 0;
        for (auto at = text.find("{}"); at != std::string::npos; at = text.find("{}", at))
            text.replace(at, 2, mark(index++));
        return text;
    }
};

constexpr const char* kQuestion =
    "<|im_start|>user\n{}what is this?<|im_end|>\n<|im_start|>assistant\n";

TEST_F(VisionTest, AnAnswerAboutAnImageIsWhatTheLibraryItselfGives) {
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
        {kQuestion, {fading()}},
        {kQuestion, {chequered()}},
        {"{}", {fading(308, 196)}},  // the image comes last
        {"compare {} and {}, then {}", {fading(), chequered(), fading(56, 168)}},
        {"{}{}", {chequered(), fading()}},
    };
    PlainVision plain_vl(file("tiny-vl"), file("tiny-vl-mmproj"), 1024);
    const auto vl_runner = start(vl());
    PlainVision plain_omni(file("tiny-chat"), file("tiny-omni-mmproj"), -1);
    const auto omni_runner = start(omni());
    for (const auto& [text, files] : cases) {
        const std::string end = text.ends_with("{}") ? "\n" : "";
        const Answer one = run(*vl_runner, about(files, text));
        ASSERT_TRUE(one.result) << one.result.error().message;
        EXPECT_EQ(said(one), plain_vl.greedy(marked(text) + end, files, 12)) << text;
        const Answer two = run(*omni_runner, about(files, text));
        ASSERT_TRUE(two.result) << two.result.error().message;
        EXPECT_EQ(said(two), plain_omni.greedy(marked(text) + end, files, 12)) << text;
    }
}

TEST_F(VisionTest, TheAnswerDependsOnTheImageAndOnNothingElse) {
    const auto runner = start(vl());
    const Answer one = run(*runner, about({fading()}, kQuestion));
    const Answer again = run(*runner, about({fading()}, kQuestion));
    const Answer two = run(*runner, about({chequered()}, kQuestion));
    ASSERT_TRUE(one.result && again.result && two.result);
    EXPECT_EQ(one.text, again.text);
    EXPECT_FALSE(are_alike(one, two));
    EXPECT_EQ(one.result->prompt_tokens, two.result->prompt_tokens);
}

TEST_F(VisionTest, AWebpImageIsSeenAsThePngOfTheSamePicture) {
    const auto runner = start(vl());
    const Answer png = run(*runner, about({fading(112, 84)}, kQuestion));
    const Answer webp = run(*runner, about({fading_webp(112, 84)}, kQuestion));
    const Answer clear = run(*runner, about({fading_webp(112, 84, true)}, kQuestion));
    ASSERT_TRUE(png.result && webp.result && clear.result);
    EXPECT_TRUE(are_alike(webp, png));
    EXPECT_TRUE(are_alike(clear, png));
    std::string damaged = fading_webp(112, 84);
    damaged.resize(damaged.size() / 2);
    const Answer refused = run(*runner, about({damaged}, kQuestion));
    ASSERT_FALSE(refused.result);
    EXPECT_TRUE(refused.result.error().message.contains("cannot be decoded"));
}

TEST_F(VisionTest, AnAnswerAboutASoundIsWhatTheLibraryItselfGives) {
    const auto runner = start(omni());
    PlainVision plain(file("tiny-chat"), file("tiny-omni-mmproj"), -1);
    std::map<std::string, int> answers;
    for (const std::string& sound : {tone(440), tone(1000)}) {
        const Answer answer = run(*runner, about({sound}, kQuestion));
        ASSERT_TRUE(answer.result) << answer.result.error().message;
        EXPECT_EQ(said(answer), plain.greedy(marked(kQuestion), {sound}, 12));
        ++answers[answer.text];
    }
    EXPECT_EQ(answers.size(), 2);
    const Answer both = run(*runner, about({tone(440), fading()}, "{} and {}: what?"));
    ASSERT_TRUE(both.result) << both.result.error().message;
    EXPECT_EQ(said(both), plain.greedy(marked("{} and {}: what?"), {tone(440), fading()}, 12));
}

TEST_F(VisionTest, AnImageSeenBeforeInTheDomainIsNotReadAgain) {
    const auto runner = start(vl());
    GenerateRequest first = about({fading(308, 196)}, kQuestion);
    first.cache_domain = "one";
    const Answer cold = run(*runner, first);
    const Answer warm = run(*runner, first);
    ASSERT_TRUE(cold.result && warm.result);
    EXPECT_EQ(cold.result->cached_tokens, 0);
    EXPECT_EQ(warm.result->cached_tokens, warm.result->prompt_tokens - 1);
    EXPECT_TRUE(are_alike(warm, cold));

    // Another question about the same image: all of it is there.
    GenerateRequest second = about(
        {fading(308, 196)}, "<|im_start|>user\n{}is it red?<|im_end|>\n<|im_start|>assistant\n"
    );
    second.cache_domain = "one";
    const Answer next = run(*runner, second);
    ASSERT_TRUE(next.result);
    EXPECT_GT(next.result->cached_tokens, 11 * 7);
    GenerateRequest alone = second;
    alone.cache_domain = "";
    EXPECT_TRUE(are_alike(run(*runner, alone), next));

    // An image of the same size that shows something else, and another principal.
    GenerateRequest other = about({chequered(10, 308, 196)}, kQuestion);
    other.cache_domain = "one";
    const Answer different = run(*runner, other);
    ASSERT_TRUE(different.result);
    EXPECT_LT(different.result->cached_tokens, 10);
    EXPECT_FALSE(are_alike(different, cold));
    first.cache_domain = "two";
    EXPECT_EQ(run(*runner, first).result->cached_tokens, 0);
}

TEST_F(VisionTest, AStateWithAnImageComesBackFromMemoryAndDisk) {
    const TempDir folder;
    LoadCommand load = vl(2048, 1);
    load.states.memory_bytes = 64 << 20;
    load.states.folder = folder.path();
    load.states.disk_bytes = 64 << 20;
    GenerateRequest request = about({fading(308, 196)}, kQuestion);
    request.cache_domain = "one";
    GenerateRequest other = about({chequered(7, 308, 196)}, std::string("Other: ") + kQuestion);
    other.cache_domain = "one";
    Answer expected;
    {
        const auto runner = start(load);
        expected = run(*runner, request);
        for (int i = 0; i < 3; ++i)
            (void)run(*runner, other);
        const Answer again = run(*runner, request);
        ASSERT_TRUE(again.result);
        EXPECT_EQ(again.result->cached_tokens, again.result->prompt_tokens - 1);
        EXPECT_TRUE(are_alike(again, expected));
        (void)run(*runner, other);  // puts the first on disk
    }
    const auto runner = start(load);
    const Answer restarted = run(*runner, request);
    ASSERT_TRUE(restarted.result);
    EXPECT_EQ(restarted.result->cached_tokens, restarted.result->prompt_tokens - 1);
    EXPECT_TRUE(are_alike(restarted, expected));
}

TEST_F(VisionTest, ImagesOfSeveralRequestsAtOnceAreNotMixedUp) {
    for (const LoadCommand& load : {vl(), omni()}) {
        const auto runner = start(load);
        std::vector<std::string> images;
        std::vector<Answer> alone;
        for (std::uint32_t i = 0; i < 4; ++i) {
            images.push_back(chequered(5 + i * 6));
            alone.push_back(run(*runner, about({images.back()}, kQuestion)));
        }
        std::vector<Answer> together(images.size());
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < images.size(); ++i) {
                threads.emplace_back([&, i] {
                    together[i] = run(*runner, about({images[i]}, kQuestion));
                });
            }
        }
        for (std::size_t i = 0; i < images.size(); ++i) {
            for (std::size_t k = 0; k < images.size(); ++k)
                EXPECT_EQ(are_alike(together[i], alone[k]), i == k) << i << " and " << k;
        }
    }
}

TEST_F(VisionTest, AnImageLargerThanABatchIsReadInPieces) {
    LoadCommand load = vl();
    load.model.load.num_batch = 32;
    const auto small = start(load);
    const auto large = start(vl());
    const GenerateRequest request = about({fading(560, 280)}, kQuestion);  // 20 x 10 rows
    const Answer pieces = run(*small, request);
    ASSERT_TRUE(pieces.result) << pieces.result.error().message;
    EXPECT_GT(pieces.result->prompt_tokens, 200);
    EXPECT_TRUE(are_alike(pieces, run(*large, request)));
}

TEST_F(VisionTest, ACancelledImageLeavesNothingBehind) {
    LoadCommand load = vl(2048, 2);
    load.model.load.num_batch = 16;
    const auto runner = start(load);
    GenerateRequest request = about({fading(560, 280)}, kQuestion);
    const Answer expected = run(*runner, request);
    request.cache_domain = "one";
    for (int delay = 0; delay < 40; delay += 4) {
        std::stop_source stop;
        std::jthread canceller([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(delay));
            stop.request_stop();
        });
        (void)run(*runner, request, stop.get_token());
    }
    const Answer answer = run(*runner, request);
    ASSERT_TRUE(answer.result) << answer.result.error().message;
    EXPECT_TRUE(are_alike(answer, expected));
}

TEST_F(VisionTest, AFullContextDropsWholeImages) {
    const auto runner = start(vl(128, 1));
    GenerateRequest request = about({fading(), chequered()}, "{} or {}? ", 200);  // 12 rows each
    request.num_keep = 10;  // would end within the first
    const Answer answer = run(*runner, request);
    ASSERT_TRUE(answer.result) << answer.result.error().message;
    EXPECT_EQ(answer.result->generated_tokens, 200);
    // One that leaves no room for an answer is refused, not cut.
    const Answer refused = run(*runner, about({fading(280, 280), fading(280, 280)}, "{}{}"));
    ASSERT_FALSE(refused.result);
    EXPECT_EQ(refused.result.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(refused.result.error().message.contains("longer than the context"));
}

TEST_F(VisionTest, WhatCannotBeDecodedIsTheRequestsFault) {
    const auto runner = start(vl());
    for (const std::string& damaged :
         {std::string("no image"), fading().substr(0, 20), fading().substr(0, 60)}) {
        const Answer answer = run(*runner, about({damaged}, kQuestion));
        ASSERT_FALSE(answer.result);
        EXPECT_EQ(answer.result.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_TRUE(run(*runner, about({fading().substr(0, 60)}, kQuestion))
                    .result.error()
                    .message.contains("cannot be decoded"));
    // What its header promises is not even tried.
    std::string bomb = fading();
    bomb[16] = 1;
    EXPECT_TRUE(run(*runner, about({bomb}, kQuestion)).result.error().message.contains("too large")
    );
    // It hears nothing.
    EXPECT_EQ(
        run(*runner, about({tone(440)}, kQuestion)).result.error().code, ErrorCode::invalid_argument
    );
    EXPECT_TRUE(run(*runner, about({fading()}, kQuestion)).result);
}

TEST_F(VisionTest, AProjectorOfAnotherModelIsRefusedAtLoad) {
    LoadCommand load = command("tiny-embed");
    load.model.gguf = file("tiny-chat");
    load.model.embedding = false;
    load.model.projector = file("tiny-embed");
    const auto started =
        RunnerProcess::start({MOAT_RUNNER_PROGRAM}, load, {.stall_limit = minutes(1)});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace moat::adapters::llama
