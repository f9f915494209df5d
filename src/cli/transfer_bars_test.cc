#include "cli/transfer_bars.h"

#include <gtest/gtest.h>

namespace moat::cli {
namespace {

using Instant = TransferBars::Instant;

json::Object line(std::int64_t completed) {
    return {
        {"status", "pulling 0123456789ab"},
        {"digest", "sha256:0123456789ab"},
        {"total", 2'000'000'000},
        {"completed", completed}
    };
}

std::string shown(Console console, const std::vector<json::Value>& lines) {
    testing::internal::CaptureStderr();
    TransferBars bars(console);
    Instant now{std::chrono::seconds(100)};
    for (const json::Value& each : lines) {
        bars.show(each, now);
        now += std::chrono::seconds(2);
    }
    return testing::internal::GetCapturedStderr();
}

TEST(TransferBarsTest, AFileGetsALinePerStepInsteadOfBars) {
    const json::Object manifest{{"status", "pulling manifest"}};
    EXPECT_EQ(
        shown({}, {manifest, manifest, line(0), line(1'000'000'000), line(2'000'000'000)}),
        "pulling manifest\n"
        "pulling 0123456789ab (2.0 GB)\n"
        "pulling 0123456789ab 100% (2.0 GB)\n"
    );
}

TEST(TransferBarsTest, ATerminalGetsRateAndTimeLeft) {
    const Console terminal{.error_is_terminal = true};
    const std::string text = shown(terminal, {line(0), line(500'000'000)});
    EXPECT_NE(text.find(" 25% ▕█████               ▏ 500 MB/2.0 GB  250 MB/s  6s"), text.npos)
        << text;
}

TEST(TransferBarsTest, AFullBarStaysAndTheOthersMoveBelowIt) {
    const Console terminal{.error_is_terminal = true};
    const std::string text = shown(terminal, {line(0), line(2'000'000'000), line(2'000'000'000)});
    EXPECT_TRUE(text.ends_with(": 100% ▕████████████████████▏ 2.0 GB\n")) << text;
}

TEST(TransferBarsTest, SpeaksChinese) {
    const Console chinese{.language = Language::chinese};
    EXPECT_EQ(
        shown(chinese, {json::Object{{"status", "pulling manifest"}}, line(2'000'000'000)}),
        "正在获取清单\n下载 0123456789ab 100% (2.0 GB)\n"
    );
}

TEST(TransferBarsTest, WritesTimesAsPeopleReadThem) {
    using std::chrono::seconds;
    EXPECT_EQ(time_left_text(seconds(59)), "59s");
    EXPECT_EQ(time_left_text(seconds(130)), "2m10s");
    EXPECT_EQ(time_left_text(seconds(7260)), "2h01m");
    EXPECT_EQ(rate_text(25'000'000, seconds(2)), "12 MB/s");
}

}  // namespace
}  // namespace moat::cli
