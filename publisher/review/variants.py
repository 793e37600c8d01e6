"""Kanji that stand for each other in names: the usual form first, then the others.

Compiled by the project after the pairs of forms in the 常用漢字表 (Cabinet notification No. 2 of 2010) and among the
人名用漢字 (Enforcement Regulations of the Family Register Act, Article 60, appended table 2), and after the variants that
family registers keep or replace (Ministry of Justice, circular 民二第5200号 of 1990). For finding only: what is shown stays as the office wrote it, and
two names that are not the same may well find each other here. Compatibility ideographs (神 for 神, 福 for 福) need no
line: Unicode normalisation maps them. Variation selectors are taken off before.
"""

from __future__ import annotations

VARIANTS = """
高髙 崎﨑嵜碕 吉𠮷 辺邊邉 斎齋斉齊亝 沢澤 浜濱濵 広廣 国國圀囯 桜櫻 滝瀧 竜龍 寿壽 真眞 徳德 瀬瀨 栄榮 条條 島嶋嶌 恵惠 富冨 渕淵渊
関關 浅淺 円圓 塩鹽 応應 奥奧 横橫 温溫 仮假 価價 会會 絵繪 拡擴 学學斈 岳嶽 勧勸 巻卷 寛寬 気氣 亀龜 旧舊 拠據 挙擧 尭堯 暁曉
勲勳 薫薰 掲揭 蛍螢 経經 芸藝 県縣 倹儉 剣劍劔劒剱 険險 圏圈 検檢 顕顯 験驗 厳嚴 恒恆 黄黃 黒黑 雑雜 賛贊 残殘 糸絲 歯齒 児兒
実實 湿濕 釈釋 舎舍 収收 従從 渋澁 縦縱 粛肅 処處 叙敍敘 将將 奨奬 焼燒 証證 乗乘 浄淨 譲讓 醸釀 慎愼 寝寢 尽盡 粋粹 酔醉 穂穗
静靜 摂攝 専專 戦戰 銭錢 潜潛 繊纖 双雙 壮壯 荘莊 装裝 総總 蔵藏 増增 即卽 続續 属屬 帯帶 対對 体體 台臺 択擇 単單 団團 断斷
弾彈 遅遲 昼晝 虫蟲 鋳鑄 庁廳 聴聽 鎮鎭 転轉 点點 伝傳 灯燈 当當 党黨 稲稻 闘鬪 独獨 読讀 届屆 縄繩 弐貳 拝拜 廃廢 売賣 麦麥
発發 抜拔 晩晚 蛮蠻 秘祕 彦彥 姫姬 峰峯 柳栁 桑桒 槙槇 瑶瑤 遥遙 凛凜 曽曾 祢禰 弥彌 弁辨辯瓣 万萬 与與 予豫 余餘 誉譽 来來
頼賴 乱亂 覧覽 両兩 猟獵 緑綠 涙淚 塁壘 礼禮 霊靈 齢齡 恋戀 炉爐 労勞 楼樓 郎郞 禄祿 亘亙 巌巖 松枩枀 桧檜 桝枡 館舘 籠篭 鴎鷗
鴬鶯 麹麴 簑蓑 栢柏 杉杦 梅楳 橋𣘺 煕熙熈 聡聰 芦蘆 薮藪籔 郷鄕鄉 野埜 鉄鐵 鎌鐮 間閒 隠隱 隣鄰 騒騷 鶏鷄 鶴靏靍 黙默 冴冱 涼凉 卯夘
参參 呂吕 喜㐂 囲圍 姉姊 宜冝 宮宫 尚尙 帰歸 年秊 徴徵 懐懷 戸戶 払拂 揺搖 数數 暦曆 傑杰 棲栖 楽樂 様樣 歩步 歳歲 歴歷 毎每
毘毗 沖冲 湧涌 済濟 渉涉 渓溪 満滿 産產 画畫 畳疊 砺礪 鉱鑛礦砿 礒磯 禅禪 秋穐秌 称稱 窓窗 継繼 縁緣 群羣 胆膽 脳腦 舗舖 茎莖
蒋蔣 園薗 虎乕 衛衞 覚覺 観觀 触觸 豊豐 軽輕 宝寶 壱壹 昂昻 晋晉 頬頰 掻搔 撹攪 祷禱 繋繫 侠俠 尓爾 猪豬 猫貓 献獻 缶罐 蘂蕊 諌諫
頚頸 剥剝 填塡 噛嚙 醤醬 箪簞 蝋蠟 土圡 原厡 船舩 窪漥 達逹
"""
